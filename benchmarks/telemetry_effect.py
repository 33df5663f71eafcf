"""Does the telemetry that runs beside a session slow what is timed?

One engine of ONNX Runtime (a chain of convolutions, `graphs`, FP32), sampled as a launch does, and
the session's watcher beside it, which reads every source at 5 Hz. In every round a block with it
and two without, in which it is stopped (SIGSTOP), in random order; it reads at once when it goes
on, which does not count, and then once in the counted part. On a CUDA device where there is one,
with NVML among the sources; else on the CPU, with one thread and with all.

    PYTHONPATH=workflow PYTHON -m benchmarks.telemetry_effect \
      [--device cpu | cuda] [--threads N ...] [--rounds N] [--seed N]

Two answers: the ratio of the medians of blocks, with over without, and for the noise without over
without; and what a read costs where it falls, which is far more certain: the inferences of the
20 ms after it, less as many medians of their block's others; the median over reads, in parts of the
time between two; for the noise, the same in the middle of blocks where nothing is read. The last
column says where both are within 0.5 % with all of their intervals; exit status 1 if one of them is
above with all of its interval, and with the noise.
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
from statistics import median
from unittest import mock

import numpy as np

from benchmarks import graphs, natives
from benchmarks.tables import markdown, microseconds, ratio_text
from retable_runner import backends, cuda, device, host, measure, telemetry
from retable_runner.errors import Unavailable
from retable_runner.telemetry import recorder
from retable_statistics.launches import Estimate, median_of_launches, paired_ratio

GRAPHS = {"cpu": "conv32x64x8", "cuda": "conv32x192x8"}
FIELDS = {"cpu": ("latency_sync",), "cuda": ("latency_sync", "gpu_compute")}
INTERVAL_MS = 200.0  # of the budgets: 5 Hz
ROUNDS = 50
SETTLE_S = 0.06  # of a block, while the watcher goes on or has just been stopped
BLOCK_S = 0.2
WARM_UP_S = 1.0
AFTER_READ_S = 0.02
SEED = 20211
LIMIT = 0.005
KINDS = ("with", "without", "again without")


@dataclass(frozen=True)
class Block:
    """Consecutive inferences: of what kind, when each began (time.monotonic), what it took (s)."""

    kind: str
    starts: np.ndarray
    times: Mapping[str, np.ndarray]  # by field

    def reads(self, read_s: np.ndarray) -> np.ndarray:
        """Return those of the times that fall between its first and its last inference."""
        return read_s[(read_s > self.starts[0]) & (read_s < self.starts[-1])]

    def extra(self, read_s: float, name: str) -> float:
        """Return what a field's inferences after a read took above the others' median."""
        began = self.starts + self.times["latency_sync"] > read_s
        after = began & (self.starts < read_s + AFTER_READ_S)
        return float((self.times[name][after] - np.median(self.times[name][~after])).sum())


@dataclass(eq=False)
class Subject:
    """An engine that is sampled, and its blocks, one of each kind in every round."""

    name: str
    sampler: object
    fields: Sequence[str]
    blocks: list[Block] = field(default_factory=list)

    def make_block(self, kind: str) -> None:
        """Sample for a block."""
        self.repeat(SETTLE_S)
        starts, rows = self.repeat(BLOCK_S)
        columns = dict(zip(self.sampler.fields, np.array(rows).T, strict=False))
        self.blocks.append(Block(kind, np.array(starts), columns))

    def repeat(self, seconds: float) -> tuple[list[float], list[tuple[float, ...]]]:
        """Sample for so long; return when each began, and the rows."""
        sample, starts, rows = self.sampler.sample, [time.monotonic()], []
        while starts[-1] < starts[0] + seconds:
            rows.append(sample())
            starts.append(time.monotonic())
        return starts[:-1], rows

    def medians(self, kind: str, name: str) -> list[float]:
        """Return a field's median in each block of a kind, in the order of the rounds."""
        return [float(np.median(one.times[name])) for one in self.blocks if one.kind == kind]

    def ratio(self, kind: str, name: str) -> Estimate:
        """Return a field's medians in blocks of a kind over those without telemetry."""
        return paired_ratio(self.medians(kind, name), self.medians("without", name))

    def cost_s(self, read_s: np.ndarray, name: str) -> Estimate:
        """Return what a read costs a field's inferences, in seconds."""
        blocks = [block for block in self.blocks if block.kind == "with"]
        return median_of_launches(
            [block.extra(at, name) for block in blocks for at in block.reads(read_s)]
        )

    def nothing_s(self, name: str) -> Estimate:
        """Return the same of the middle of blocks in which nothing is read: the noise."""
        blocks = [block for block in self.blocks if block.kind != "with"]
        return median_of_launches([one.extra(one.starts[0] + BLOCK_S / 2, name) for one in blocks])


@contextmanager
def on_the_cpu(folder: Path, threads: Sequence[int]) -> Iterator[list[Subject]]:
    """Load the engine with each number of threads."""
    graph = graphs.written(folder)[GRAPHS["cpu"]]
    feeds, subjects = natives.feeds_of(graph), []
    for number in threads or sorted({1, len(backends.cpus())}):
        files = natives.built("onnxruntime", graph, number, folder)
        engine = backends.load("onnxruntime").load(files, {"threads": number})
        engine.bind(feeds)
        inference = host.Inference(engine, {}, {})
        inference.run()
        sampler = inference.counted(inference.sampler(None))
        subjects.append(Subject(f"{graph.stem}, threads: {number}", sampler, FIELDS["cpu"]))
    yield subjects


@contextmanager
def on_cuda(folder: Path, threads: Sequence[int]) -> Iterator[list[Subject]]:
    """Load the engine on the CUDA device."""
    graph = graphs.written(folder)[GRAPHS["cuda"]]
    files = natives.built("onnxruntime-cuda", graph, 1, folder)
    backend, feeds = backends.load("onnxruntime-cuda"), natives.feeds_of(graph)
    with device.opened(backend, files, {}, feeds) as inference:
        name = f"{graph.stem}, {inference.facts['gpu']['name']}"
        yield [Subject(name, inference.sampler(None), FIELDS["cuda"])]


OPENERS = {"cpu": on_the_cpu, "cuda": on_cuda}


def found_device() -> str:
    """Return `cuda` where the runner can have a CUDA device, else `cpu`."""
    try:
        cuda.Gpu()
    except (ImportError, Unavailable):
        return "cpu"
    return "cuda"


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


def alternate(
    subjects: Sequence[Subject], watcher: subprocess.Popen[bytes], rounds: int, seed: int
) -> None:
    """Make a block of each kind with each engine in every round; all in random order."""
    order = random.Random(seed)
    with measure.no_garbage_collection():
        for subject in subjects:
            subject.repeat(WARM_UP_S)
        for _ in range(rounds):
            for subject in order.sample(subjects, len(subjects)):
                for kind in order.sample(KINDS, len(KINDS)):
                    watcher.send_signal(signal.SIGCONT if kind == "with" else signal.SIGSTOP)
                    subject.make_block(kind)


def table(subjects: Sequence[Subject], read_s: np.ndarray) -> str:
    """Lay out each engine and field: the ratios, how often was read, and what a read costs."""
    header = ("Engine", "Field", "Without (ms)", "With / without", "Without / without")
    costs = ("No read costs (us)", "A read costs (us)", "Of the time", f"{LIMIT:.1%}")
    rows = []
    for subject in subjects:
        for name in subject.fields:
            cost = subject.cost_s(read_s, name)
            rows.append(
                (
                    subject.name,
                    name,
                    f"{median(subject.medians('without', name)) * 1e3:.4f}",
                    *(ratio_text(subject.ratio(kind, name), 4) for kind in (KINDS[0], KINDS[2])),
                    reads_text(subject, read_s),
                    microseconds(subject.nothing_s(name)),
                    microseconds(cost),
                    f"{part(cost).value:.3%} [{part(cost).low:.3%}, {part(cost).high:.3%}]",
                    verdict(subject, read_s, name),
                )
            )
    return markdown((*header, "Reads a second", *costs), rows)


def reads_text(subject: Subject, read_s: np.ndarray) -> str:
    """Say how often a second the sources were read in the blocks with, and without, telemetry."""
    said = []
    for kinds in (KINDS[:1], KINDS[1:]):
        blocks = [block for block in subject.blocks if block.kind in kinds]
        seconds = sum(block.starts[-1] - block.starts[0] for block in blocks)
        said.append(f"{sum(len(block.reads(read_s)) for block in blocks) / seconds:.1f}")
    return " / ".join(said)


def part(cost: Estimate) -> Estimate:
    """Return the cost of a read in parts of the time between reads."""
    return cost.scaled(1e3 / INTERVAL_MS)


def verdict(subject: Subject, read_s: np.ndarray, name: str) -> str:
    """Say whether the effect on a field is above the limit, within it, or cannot be told."""
    ratio, share = subject.ratio("with", name), part(subject.cost_s(read_s, name))
    if ratio.low > 1 + LIMIT or share.low > LIMIT + part(subject.nothing_s(name)).high:
        return "above"
    return "within" if ratio.high <= 1 + LIMIT and share.high <= LIMIT else "open"


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.telemetry_effect")
    parser.add_argument("--device", choices=sorted(OPENERS))
    parser.add_argument("--threads", type=int, nargs="*", default=())
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    opener = OPENERS[given.device or found_device()]
    with (
        tempfile.TemporaryDirectory() as folder,
        opener(Path(folder), given.threads) as subjects,
        watched() as (process, recording),
    ):
        alternate(subjects, process, given.rounds, given.seed)
    seen = recording.result()
    present = {name: one["rows"] for name, one in seen["sources"].items() if one["rows"]}
    read_s = np.array([row[0] for row in max(present.values(), key=len)])
    print(f"{given.rounds} rounds of blocks of {BLOCK_S:g} s, seed {given.seed}")
    print(f"Telemetry: {', '.join(sorted(present))}; the watcher {seen['placement']}\n")
    print(table(subjects, read_s))
    return int(
        any(verdict(one, read_s, name) == "above" for one in subjects for name in one.fields)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
