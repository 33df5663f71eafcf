"""Does a launch of retable on the CPU copy outputs that it need not copy?

A graph that adds 1 to its input of 42 MB (`graphs`), FP32. What a call takes beyond the library's
own figure of the same inference (`natives`), in parts of a copy of as much (`numpy.copyto`):

retable            latency_sync as a launch takes it: outputs in numpy's memory, allocated once
library's memory   the same call with outputs that the library allocates
as documented      what the manuals begin with: `session.run`; `infer()`, outputs not shared

A library that had to copy for retable, to memory that is not its own, would do so within its own
figure: hence the second. All in one process, by short turns in random order.

    PYTHONPATH=workflow results/environments/venv/cpu/bin/python -m benchmarks.host_copies \
      [--threads N]

Exit status 1 if retable adds more than a tenth of a copy, or if the library's figure with it is
more than 1.1 times that in the library's memory, with the whole interval.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import graphs, natives
from benchmarks.tables import markdown, ratio_text
from retable_runner import backends, measure
from retable_statistics.launches import Estimate, paired_ratio

ROUNDS = 25
COUNTED = 3  # calls of a turn, after one that has the caches to fill
SEED = 20211
LIMIT_ADDED = 0.1  # of a copy
LIMIT_OWN = 1.1

RETABLE, OWN_MEMORY, DOCUMENTED = "retable", "library's memory", "as documented"


@dataclass(eq=False)
class Way:
    """A way to make an inference, which tells its seconds; and what it took."""

    library: str
    name: str
    figures: natives.Figures
    call: Callable[[], float]
    seconds: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)  # of the same, in the library's figures

    def take_turn(self) -> None:
        """Make the calls of a turn."""
        self.call()
        for _ in range(COUNTED):
            self.places.append(self.figures.count)
            self.seconds.append(self.call())

    def own(self) -> list[float]:
        """Return the library's figure of each inference, in seconds."""
        return [self.figures.seconds[place] for place in self.places]

    def own_by_round(self) -> list[float]:
        """Return the medians of turns of the same."""
        own = self.own()
        return [median(own[turn : turn + COUNTED]) for turn in range(0, len(own), COUNTED)]

    def added(self) -> float:
        """Return what the calls took beyond the library's figure, in seconds."""
        return median(np.subtract(self.seconds, self.own()))


class Copy:
    """A copy of an array into memory that was written before; and what it took."""

    def __init__(self, source: np.ndarray) -> None:
        self._copy = partial(np.copyto, np.zeros_like(source), source)
        self.seconds: list[float] = []

    def take_turn(self) -> None:
        """Copy as often as a Way calls."""
        self.seconds += [_seconds(self._copy) for _ in range(1 + COUNTED)][1:]


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    returned = call()
    seconds = time.perf_counter() - start
    del returned  # its memory is freed after the time is taken
    return seconds


def _noted(figures: natives.Figures, call: Callable[[], object]) -> Callable[[], float]:
    def one() -> float:
        seconds = _seconds(call)
        figures.note()
        return seconds

    return one


def _openvino_ways(native: natives.Sampled, feeds: natives.Feeds) -> Iterator[Way]:
    yield Way("OpenVINO", RETABLE, native.own, native.sample)
    request = native.engine._compiled.create_infer_request()
    request.infer(feeds)
    own = natives.RequestFigures(request)
    shared = partial(request.infer, share_outputs=True)
    yield Way("OpenVINO", OWN_MEMORY, own, _noted(own, shared))
    yield Way("OpenVINO", DOCUMENTED, own, _noted(own, request.infer))


def _onnxruntime_ways(native: natives.Sampled, feeds: natives.Feeds) -> Iterator[Way]:
    from onnxruntime import OrtValue

    yield Way("ONNX Runtime", RETABLE, native.own, native.sample)
    session, own = native.engine._session, native.own
    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, array)
    for port in session.get_outputs():
        value = OrtValue.ortvalue_from_shape_and_type(port.shape, np.float32, "cpu")
        binding.bind_ortvalue_output(port.name, value)
    bound, plain = partial(session.run_with_iobinding, binding), partial(session.run, None, feeds)
    yield Way("ONNX Runtime", OWN_MEMORY, own, _noted(own, bound))
    yield Way("ONNX Runtime", DOCUMENTED, own, _noted(own, plain))


def measured(graph: Path, threads: int, rounds: int, folder: Path) -> tuple[list[Way], Copy]:
    """Load the engines, and give each way its turns."""
    feeds = natives.feeds_of(graph)
    ((_, source),) = feeds.items()
    copy, ways = Copy(source), []
    with ExitStack() as stack:
        for backend, ways_of in (("openvino", _openvino_ways), ("onnxruntime", _onnxruntime_ways)):
            files = natives.built(backend, graph, threads, folder)
            native = stack.enter_context(natives.opened(backend, files, threads, feeds))
            ways += ways_of(native, feeds)
        order = random.Random(SEED)
        with measure.no_garbage_collection():
            for _ in range(rounds):
                for one in order.sample([copy, *ways], 1 + len(ways)):
                    one.take_turn()
    return ways, copy


def table(ways: Sequence[Way], copy_s: float) -> str:
    """Lay out the ways: the library's figure, and what the call adds to it."""
    header = ("Library", "Outputs", "Own figure (ms)", "Call (ms)", "Added (us)", "Added / copy")
    return markdown(
        header,
        [
            (
                way.library,
                way.name,
                f"{median(way.own()) * 1e3:.2f}",
                f"{median(way.seconds) * 1e3:.2f}",
                f"{way.added() * 1e6:.0f}",
                f"{way.added() / copy_s:.3f}",
            )
            for way in ways
        ],
    )


def beside_own_memory(ways: Sequence[Way]) -> dict[str, Estimate]:
    """Return each library's figure with retable over that in its own memory, by rounds."""
    own = {(way.library, way.name): way.own_by_round() for way in ways}
    libraries = dict.fromkeys(way.library for way in ways)
    return {one: paired_ratio(own[one, RETABLE], own[one, OWN_MEMORY]) for one in libraries}


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.host_copies")
    parser.add_argument("--threads", type=int, default=len(backends.cpus()))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        graph = graphs.written(Path(folder))["wide"]
        ways, copy = measured(graph, given.threads, given.rounds, Path(folder))
    copy_s, ratios = median(copy.seconds), beside_own_memory(ways)
    added = max(way.added() for way in ways if way.name == RETABLE) / copy_s
    said = "; ".join(f"{library} {ratio_text(ratio)}" for library, ratio in ratios.items())
    print(f"{given.threads} threads; medians of {len(copy.seconds)}, seed {SEED}")
    print(f"A copy of the output, by one thread: {copy_s * 1e3:.2f} ms\n")
    print(table(ways, copy_s))
    print(f"\nAdded by retable: {added:.3f} of a copy (at most {LIMIT_ADDED}).")
    print(f"Own figure, retable over library's memory (at most {LIMIT_OWN}): {said}.")
    return int(added > LIMIT_ADDED or any(ratio.low > LIMIT_OWN for ratio in ratios.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
