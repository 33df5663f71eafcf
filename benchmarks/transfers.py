"""Do retable's transfers cost what bare copies cost, and what does its host clock add?

On a CUDA device, in one run and in random order: copies to the device and back as the runner's
Exchange and DeviceSampler time them, and bare pinned copies of the same size between two events,
by pycuda code of its own: one alone, and one each way behind the other, as an inference has them
(the way back then waits for the GPU's other copy engine). The engine that retable copies for
computes nothing: its output is its input.

    PYTHONPATH=workflow python -m benchmarks.transfers

Exit status 1 if a copy of 1 MiB or more takes retable over 1.1 times as long as the bare one alone.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from statistics import median

import numpy as np

from benchmarks.tables import markdown, size_text
from retable_runner import cuda, device, measure

EMPTY = 4  # bytes: as little as an engine can take
SIZES = tuple(2**power for power in range(18, 27))  # 256 KiB to 64 MiB
DIRECTIONS = ("h2d", "d2h")
REPEATS = 100  # of every copy, in random order
WARM_UP = 5
SEED = 20211
LIMIT = 1.1  # retable / bare ...
LIMIT_FROM = 2**20  # ... for copies of at least so many bytes

Times = Mapping[tuple[int, str], list[float]]  # (bytes, what was timed) -> seconds


class Identity:
    """An engine whose output is the memory of its input: only transfers are left."""

    def __init__(self) -> None:
        self.facts: dict[str, object] = {}

    def ports(self, feeds):
        """Return one port, as input and as output."""
        ((name, array),) = feeds.items()
        port = cuda.Port(name, array.dtype, array.shape)
        return [port], [port]

    def attach(self, inputs):
        """Return `enqueue`, which has nothing to put on the stream."""
        return lambda: inputs


class BareCopy:
    """A pinned buffer, memory of the same size on the device, and events around copies."""

    def __init__(self, size_bytes: int) -> None:
        import pycuda.driver as driver

        self._host = driver.pagelocked_empty(size_bytes, np.uint8)
        self._host[:] = 1
        self._device = driver.mem_alloc(size_bytes)
        self._stream = driver.Stream()
        self._before, self._between, self._after = (driver.Event() for _ in range(3))
        self._copies = {
            "h2d": partial(driver.memcpy_htod_async, self._device, self._host, self._stream),
            "d2h": partial(driver.memcpy_dtoh_async, self._host, self._device, self._stream),
        }

    def alone(self, direction: str) -> float:
        """Copy once; return the seconds between the events."""
        copy = self._copies[direction]
        self._before.record(self._stream)
        copy()
        self._after.record(self._stream)
        self._stream.synchronize()
        return self._before.time_till(self._after) / 1e3

    def both(self) -> tuple[float, float]:
        """Copy to the device and back, without a wait between them; return the seconds of each."""
        self._before.record(self._stream)
        self._copies["h2d"]()
        self._between.record(self._stream)
        self._copies["d2h"]()
        self._after.record(self._stream)
        self._stream.synchronize()
        return (
            self._before.time_till(self._between) / 1e3,
            self._between.time_till(self._after) / 1e3,
        )


def copies(gpu: cuda.Gpu) -> Iterator[Callable[[], Mapping[tuple[int, str], float]]]:
    """Give everything that is timed: each, when called, does it once and tells the seconds."""
    for size in (EMPTY, *SIZES):
        feeds = {"x": np.ones(size, np.uint8)}
        inference = device.Inference(gpu, Identity(), feeds)
        yield partial(_retable, size, inference.sampler(None))
        for direction in DIRECTIONS:
            yield partial(_alone, size, direction, BareCopy(size))
        yield partial(_both, size, BareCopy(size))


def _retable(size: int, sampler) -> dict[tuple[int, str], float]:
    row = dict(zip(sampler.fields, sampler.sample(), strict=True))
    beyond = row["latency_sync"] - row["latency_sum"]
    return {
        **{(size, f"{direction}, retable"): row[direction] for direction in DIRECTIONS},
        **{(size, field): row[field] for field in ("latency_sum", "latency_sync")},
        (size, "sync - sum"): beyond,
    }


def _alone(size: int, direction: str, copy: BareCopy) -> dict[tuple[int, str], float]:
    return {(size, f"{direction}, alone"): copy.alone(direction)}


def _both(size: int, copy: BareCopy) -> dict[tuple[int, str], float]:
    return {
        (size, f"{direction}, both"): seconds
        for direction, seconds in zip(DIRECTIONS, copy.both(), strict=True)
    }


def timed(gpu: cuda.Gpu) -> Times:
    """Time every copy REPEATS times, all of them in random order."""
    wanted = list(copies(gpu))
    for copy in wanted * WARM_UP:
        copy()
    order = wanted * REPEATS
    random.Random(SEED).shuffle(order)
    times = defaultdict(list)
    with measure.no_garbage_collection():
        for copy in order:
            for key, seconds in copy().items():
                times[key].append(seconds)
    return times


def ratio(times: Times, size: int, direction: str, bare: str = "alone") -> float:
    """Return the median with retable over the median of the bare copy."""
    ours, theirs = (times[size, f"{direction}, {how}"] for how in ("retable", bare))
    return median(ours) / median(theirs)


def transfers_table(times: Times) -> str:
    """Lay out each size and direction, bare beside retable: medians in microseconds."""
    timed_as = ("alone", "both", "retable")
    header = ("Bare, alone (us)", "Bare, both (us)", "retable (us)", "/ alone", "/ both")
    return markdown(
        ("Size", "Direction", *header),
        [
            (
                size_text(size),
                direction,
                *(microseconds(times[size, f"{direction}, {how}"]) for how in timed_as),
                *(f"{ratio(times, size, direction, bare):.3f}" for bare in ("alone", "both")),
            )
            for size in SIZES
            for direction in DIRECTIONS
        ],
    )


def clocks_table(times: Times) -> str:
    """Lay out what latency_sync has beyond latency_sum, of an engine that computes nothing."""
    fields = ("latency_sum", "latency_sync", "sync - sum")
    return markdown(
        ("Input and output", *(f"{field} (us)" for field in fields)),
        [
            (size_text(size), *(microseconds(times[size, field]) for field in fields))
            for size in (EMPTY, *SIZES)
        ],
    )


def microseconds(seconds: list[float]) -> str:
    """Say the median of some times."""
    return f"{median(seconds) * 1e6:.1f}"


def worst(times: Times) -> tuple[float, str]:
    """Return the highest ratio of those that are judged, and whose it is."""
    return max(
        (ratio(times, size, direction), f"{direction} of {size_text(size)}")
        for size in SIZES
        for direction in DIRECTIONS
        if size >= LIMIT_FROM
    )


def main() -> int:
    """Time, print both tables and the worst ratio; return the exit status."""
    with cuda.Gpu() as gpu:
        times = timed(gpu)
        print(f"{gpu.facts['name']}; medians of {REPEATS}, in random order, seed {SEED}\n")
    print(transfers_table(times), clocks_table(times), sep="\n\n")
    highest, whose = worst(times)
    limit = f"(from {size_text(LIMIT_FROM)} on; at most {LIMIT})"
    print(f"\nWorst ratio: {highest:.3f}, {whose} {limit}.")
    return int(highest > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
