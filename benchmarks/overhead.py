"""What does retable add to the time that the library itself measures?

On the CPU, FP32, chains of convolutions from 0.2 to 50 ms (`graphs`), and any graph that is named:
latency_sync as a launch takes it (HostSampler, ContentionSampler) less the library's own figure of
the very same inference (`natives`). All engines are open in one process and alternate in blocks, in
rounds of random order. Within a block ways of running take turns, for two ratios more:

sampled / bare    the library's figure while retable samples, over that in a bare loop: whether
                  sampling slows the inferences themselves.
profiled / plain  of ONNX Runtime, whose own figure takes a profile: latency_sync with it over that
                  without. It slows what lies within the figure, and the difference stands; what it
                  does once the figure is taken counts as added by retable.

With several threads on a busy machine the ratios say little: `--threads 1` says more.

    PYTHONPATH=workflow results/environments/venv/cpu/bin/python -m benchmarks.overhead \
      [--threads N] [GRAPH.onnx ...]

Exit status 1 if more is added than 1 % of 5 ms and more, or than 50 us to less. See also
`benchmark_app` and `host_copies`.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import graphs, natives
from benchmarks.tables import markdown, microseconds, ratio_text
from retable_runner import backends, measure
from retable_statistics.launches import median_of_launches, paired_ratio

ROUNDS = 15
SETTLE_S = 0.03  # of a block: others have had the caches and the CPUs
BLOCK_S = 0.2
TURN_S = 0.01  # of a kind of inference, within a block
AT_LEAST = 2  # inferences of a turn
SEED = 20211
SLOW_S = 5e-3  # from here on ...
LIMIT = 0.01  # ... this part may be added,
LIMIT_S = 50e-6  # and so much below


@dataclass(frozen=True)
class Turn:
    """Consecutive inferences: their round, their kind, the place of the first; what each took."""

    round: int
    kind: str
    first: int
    latencies: Sequence[float | None]  # seconds


@dataclass(eq=False)
class Subject:
    """An engine that tells its own times, the ways to make an inference with it, and the turns.

    What it returns are medians of rounds, in seconds.
    """

    library: str
    model: str
    native: natives.Sampled
    ways: Mapping[str, Callable[[], float | None]]
    turns: list[Turn] = field(default_factory=list)

    def take_turn(self, round_: int, kind: str) -> None:
        """Make one inference that does not count, and then those of a turn."""
        self.ways[kind]()
        first = self.native.own.count
        self.turns.append(Turn(round_, kind, first, repeated(self.ways[kind], TURN_S)))

    def latency(self, kind: str) -> list[float]:
        """Return latency_sync of a kind."""
        return self._medians(kind, lambda turn: turn.latencies)

    def own(self, kind: str) -> list[float]:
        """Return the library's figure of a kind."""
        return self._medians(kind, self._own)

    def added(self) -> list[float]:
        """Return latency_sync less the library's figure of the same inference."""
        return self._medians("sampled", lambda turn: np.subtract(turn.latencies, self._own(turn)))

    def _own(self, turn: Turn) -> list[float]:
        return self.native.own.seconds[turn.first : turn.first + len(turn.latencies)]

    def _medians(self, kind: str, values: Callable[[Turn], Sequence[float]]) -> list[float]:
        rounds = defaultdict(list)
        for turn in self.turns:
            if turn.kind == kind:
                rounds[turn.round].extend(values(turn))
        return list(map(median, rounds.values()))


def repeated(one: Callable[[], float | None], seconds: float) -> list[float | None]:
    """Call `one` for so long, and AT_LEAST so often; return what it gave."""
    end = time.perf_counter() + seconds
    given = []
    while len(given) < AT_LEAST or time.perf_counter() < end:
        given.append(one())
    return given


@contextmanager
def opened(models: Mapping[str, Path], threads: int) -> Iterator[list[Subject]]:
    """Build and load every engine; the subjects know the library's figures after the block."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        subjects = []
        for model, graph in models.items():
            feeds = natives.feeds_of(graph)
            for backend, library in natives.LIBRARIES.items():
                files = natives.built(backend, graph, threads, Path(folder))
                given = (backend, files, threads, feeds)
                native = stack.enter_context(natives.opened(*given))
                ways = {"sampled": native.sample, "bare": native.bare}
                if backend == "onnxruntime":
                    ways["plain"] = natives.Sampled(*given).sample
                subjects.append(Subject(library, model, native, ways))
        yield subjects


def alternate(subjects: Sequence[Subject], rounds: int) -> None:
    """Give each engine a block in every round; in it, the kinds take turns. All in random order."""
    order = random.Random(SEED)
    with measure.no_garbage_collection():
        for round_ in range(rounds):
            for subject in order.sample(subjects, len(subjects)):
                repeated(subject.native.bare, SETTLE_S)
                end = time.perf_counter() + BLOCK_S
                while time.perf_counter() < end:
                    for kind in order.sample(list(subject.ways), len(subject.ways)):
                        subject.take_turn(round_, kind)


def exceeds(added_s: float, own_s: float) -> bool:
    """Whether so much may not be added to the library's figure."""
    return added_s > (LIMIT * own_s if own_s >= SLOW_S else LIMIT_S)


def limit_text(own_s: float) -> str:
    """Say how much may be added to the library's figure."""
    return f"{LIMIT:.0%}" if own_s >= SLOW_S else f"{LIMIT_S * 1e6:.0f} us"


def table(subjects: Sequence[Subject]) -> str:
    """Lay out the engines: the library's figure, what is added to it, and the ratios."""
    header = ("Library", "Model", "Own figure (ms)", "latency_sync (ms)", "Added (us)", "Share")
    ratios = ("Limit", "sampled / bare", "profiled / plain")
    return markdown((*header, *ratios), map(_row, subjects))


def _row(subject: Subject) -> tuple[str, ...]:
    own, added = median(subject.own("sampled")), median_of_launches(subject.added())
    bare = paired_ratio(subject.own("sampled"), subject.own("bare"))
    profile = ""
    if "plain" in subject.ways:
        profile = ratio_text(paired_ratio(subject.latency("sampled"), subject.latency("plain")))
    return (
        subject.library,
        subject.model,
        f"{own * 1e3:.3f}",
        f"{median(subject.latency('sampled')) * 1e3:.3f}",
        microseconds(added),
        f"{added.value / own:.2%}",
        limit_text(own),
        ratio_text(bare),
        profile,
    )


def over(subjects: Sequence[Subject]) -> list[str]:
    """Return the names of the engines to which more is added than may be."""
    return [
        f"{subject.library}, {subject.model}"
        for subject in subjects
        if exceeds(median(subject.added()), median(subject.own("sampled")))
    ]


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.overhead")
    parser.add_argument("--threads", type=int, default=len(backends.cpus()))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("more", metavar="GRAPH.onnx", type=Path, nargs="*")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        models = graphs.written(Path(folder))
        del models["wide"]
        models |= {str(path): path for path in given.more}
        with opened(models, given.threads) as subjects:
            alternate(subjects, given.rounds)
    seconds = f"{BLOCK_S:g} s"
    print(f"{given.threads} threads; {given.rounds} rounds of blocks of {seconds}, seed {SEED}\n")
    print(table(subjects))
    print(f"\nMore added than may be: {'; '.join(over(subjects)) or 'nowhere'}.")
    return int(bool(over(subjects)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
