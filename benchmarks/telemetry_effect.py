"""Does the telemetry that runs beside a session slow what is timed?

One engine of ONNX Runtime (a chain of convolutions, `graphs`, FP32), sampled as a launch does, and
the watcher of the session beside it, which reads every source at 5 Hz. Blocks with it and without
it, in which it is stopped (SIGSTOP), alternate in pairs of random order; one that goes on reads at
once, which does not count, and then once in a counted block. On a CUDA device where there is one:
ONNX Runtime's CUDA engine, and NVML among the sources; else on the CPU, one thread and all of them.

    PYTHONPATH=workflow PYTHON -m benchmarks.telemetry_effect [--device cpu | cuda] [--rounds N]

Ratios are with telemetry over without: of the medians of the blocks of a pair, and of their means,
which a single slow inference moves. Exit status 1 if the former is above 1.005, with its whole
interval.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from unittest import mock

from benchmarks import graphs, natives
from benchmarks.overhead import ratio_text
from benchmarks.tables import markdown
from retable_runner import backends, cuda, device, host, measure, telemetry
from retable_runner.errors import Unavailable
from retable_runner.telemetry import recorder
from retable_statistics.launches import Estimate, paired_ratio

GRAPHS = {"cpu": "conv32x64x8", "cuda": "conv32x192x8"}
FIELDS = {"cpu": ("latency_sync",), "cuda": ("latency_sync", "gpu_compute")}
INTERVAL_MS = 200.0  # of the budgets: 5 Hz
ROUNDS = 60
SETTLE_S = 0.06  # of a block, while the watcher goes on or has just been stopped
BLOCK_S = 0.2
WARM_UP_S = 1.0
SEED = 20211
LIMIT = 1.005
STATISTICS = {"medians": median, "means": fmean}


@dataclass(frozen=True)
class Block:
    """Consecutive inferences with or without telemetry: when they were, and what they took (s)."""

    watched: bool
    started_s: float  # of time.monotonic, as the watcher's
    ended_s: float
    times: Mapping[str, Sequence[float]]  # by field


@dataclass(eq=False)
class Subject:
    """An engine that is sampled; its blocks are in pairs."""

    name: str
    sampler: object
    fields: Sequence[str]
    blocks: list[Block] = field(default_factory=list)

    def make_block(self, watched: bool) -> None:
        """Sample for a block."""
        self.repeat(SETTLE_S)
        started = time.monotonic()
        rows = self.repeat(BLOCK_S)
        times = dict(zip(self.sampler.fields, zip(*rows, strict=True), strict=False))
        self.blocks.append(Block(watched, started, time.monotonic(), times))

    def repeat(self, seconds: float) -> list[tuple[float, ...]]:
        """Sample for so long; return the rows."""
        return measure.repeat(self.sampler, measure.Budget(seconds * 1e3, 3, seconds * 4e3))[0]

    def values(self, watched: bool, name: str, statistic: str) -> list[float]:
        """Return a field's statistic in the blocks with, or without, telemetry; in order."""
        reduce = STATISTICS[statistic]
        return [reduce(block.times[name]) for block in self.blocks if block.watched == watched]

    def ratio(self, name: str, statistic: str) -> Estimate:
        """Return a field's statistic with telemetry over that without."""
        return paired_ratio(*(self.values(watched, name, statistic) for watched in (True, False)))


@contextmanager
def watched() -> Iterator[tuple[subprocess.Popen[bytes], recorder.Recording]]:
    """Start the watcher as a session does; yield its process, and what tells of it afterwards."""
    started = []
    start = recorder._started

    def kept(*arguments):
        started.append(start(*arguments))
        return started[-1]

    with (
        mock.patch.object(recorder, "_started", kept),
        telemetry.recording(INTERVAL_MS, backends.cpus()) as recording,
    ):
        ((process, reason),) = started
        if process is None:
            raise SystemExit(f"benchmarks: {reason}")
        yield process, recording
        process.send_signal(signal.SIGCONT)  # one that is stopped would not answer


@contextmanager
def on_the_cpu(folder: Path) -> Iterator[list[Subject]]:
    """Load the engine with one thread, and with as many as there are CPUs."""
    graph = graphs.written(folder)[GRAPHS["cpu"]]
    feeds, subjects = natives.feeds_of(graph), []
    for threads in sorted({1, len(backends.cpus())}):
        files = natives.built("onnxruntime", graph, threads, folder)
        engine = backends.load("onnxruntime").load(files, {"threads": threads})
        engine.bind(feeds)
        inference = host.Inference(engine)
        inference.run()
        sampler = inference.counted(inference.sampler(None))
        subjects.append(Subject(f"{graph.stem}, {threads} threads", sampler, FIELDS["cpu"]))
    yield subjects


@contextmanager
def on_cuda(folder: Path) -> Iterator[list[Subject]]:
    """Load the engine on the CUDA device."""
    graph = graphs.written(folder)[GRAPHS["cuda"]]
    files = natives.built("onnxruntime-cuda", graph, 1, folder)
    with cuda.Gpu() as gpu:
        engine = backends.load("onnxruntime-cuda").load(files, {}, gpu)
        sampler = device.Inference(gpu, engine, natives.feeds_of(graph)).sampler(None)
        yield [Subject(f"{graph.stem}, {gpu.facts['name']}", sampler, FIELDS["cuda"])]


OPENERS = {"cpu": on_the_cpu, "cuda": on_cuda}


def found_device() -> str:
    """Return `cuda` where the runner can have a CUDA device, else `cpu`."""
    try:
        cuda.Gpu()
    except (ImportError, Unavailable):
        return "cpu"
    return "cuda"


def alternate(subjects: Sequence[Subject], watcher: subprocess.Popen[bytes], rounds: int) -> None:
    """Make a pair of blocks of each engine in every round; all in random order."""
    order = random.Random(SEED)
    with measure.no_garbage_collection():
        for subject in subjects:
            subject.repeat(WARM_UP_S)
        for _ in range(rounds):
            for subject in order.sample(subjects, len(subjects)):
                for goes_on in order.sample((True, False), 2):
                    watcher.send_signal(signal.SIGCONT if goes_on else signal.SIGSTOP)
                    subject.make_block(goes_on)


def reads_per_second(blocks: Sequence[Block], read_s: Sequence[float], goes_on: bool) -> float:
    """Return how often a second the sources were read in the blocks with, or without, telemetry."""
    chosen = [block for block in blocks if block.watched == goes_on]
    reads = sum(block.started_s <= at <= block.ended_s for block in chosen for at in read_s)
    return reads / sum(block.ended_s - block.started_s for block in chosen)


def table(subjects: Sequence[Subject], read_s: Sequence[float]) -> str:
    """Lay out each engine and field: medians of blocks, the ratios, and how often was read."""
    header = ("Engine", "Field", "Without (ms)", "With (ms)", "Medians", "Means")
    rows = []
    for subject in subjects:
        reads = [f"{reads_per_second(subject.blocks, read_s, goes_on):.1f}" for goes_on in (0, 1)]
        for name in subject.fields:
            times = [median(subject.values(goes_on, name, "medians")) for goes_on in (0, 1)]
            rows.append(
                (
                    subject.name,
                    name,
                    *(f"{time_s * 1e3:.4f}" for time_s in times),
                    *(ratio_text(subject.ratio(name, statistic), 4) for statistic in STATISTICS),
                    " / ".join(reads),
                )
            )
    return markdown((*header, "Reads a second, without / with"), rows)


def verdict(ratios: Sequence[Estimate]) -> str:
    """Say what the ratios' intervals show about the limit."""
    if any(ratio.low > LIMIT for ratio in ratios):
        return "above the limit"
    if all(ratio.high <= LIMIT for ratio in ratios):
        return "within the limit"
    return "not shown: the intervals are too wide to tell"


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.telemetry_effect")
    parser.add_argument("--device", choices=sorted(OPENERS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(arguments)
    opener = OPENERS[given.device or found_device()]
    with (
        tempfile.TemporaryDirectory() as folder,
        opener(Path(folder)) as subjects,
        watched() as (process, recording),
    ):
        alternate(subjects, process, given.rounds)
        ratios = [one.ratio(name, "medians") for one in subjects for name in one.fields]
    seen = recording.result()
    present = {name: one["rows"] for name, one in seen["sources"].items() if one["rows"]}
    read_s = [row[0] for row in max(present.values(), key=len, default=[])]
    print(f"{given.rounds} pairs of blocks of {BLOCK_S:g} s, seed {SEED}")
    print(f"Telemetry: {', '.join(sorted(present))}; the watcher {seen['placement']}\n")
    print(table(subjects, read_s))
    print(f"\nMedians with telemetry over without, at most {LIMIT}: {verdict(ratios)}.")
    return int(any(ratio.low > LIMIT for ratio in ratios))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
