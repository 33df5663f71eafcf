"""How far apart two timings of the same engine lie, idle and beside a busy neighbour on each core.

    PYTHONPATH=workflow .venv/bin/python -m benchmarks.pairs ENGINE.json SAMPLE.json [options]

ENGINE.json and SAMPLE.json are records that a run left (in their place, `--chain conv32x64x8`: one
of the benchmarks' own graphs), for instance
results/cpu/engines/fast-scnn/384x576/fused_argmax/fp32/onnxruntime.json and
results/models/fast-scnn/384x576/sample.json. Two questions, each asked on the machine as it is and
with a process that computes without end on each of its cores:

- pairs: one engine is timed against itself, both launches loaded, by turns; how far is the ratio
  from 1, by turns, of the launches' medians, and of their lower deciles, which what disturbs most
  samples leaves as they are? And by turns where each stays on the CPU on which the kernel has it
  (of several threads, all do)?
- sessions: how far do values of the same case lie apart, taken one after the other: retable's (the
  median over launches of their medians), the same at the machine's pace, that of lower deciles, and
  two recipes that published tables used: the mean of 100 iterations after 10, and of all iterations
  of 3 s after 0.2 s? A session is timed for 3 s too, in launches of half a second, or for as long
  as with `--budget` a case is. What is at the machine's pace was measured in yardsticks, and is
  shown at the median of the sessions' paces.
"""

import argparse
import os
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import graphs
from benchmarks.neighbours import neighbours
from benchmarks.tables import markdown
from retable.comparing.paces import at_pace, pace_of
from retable.comparing.readings import Reading, common_basis, ratio_by_round, reading
from retable.comparing.statistics import STATISTICS, Samples, Statistic
from retable.config.budget import BUDGETS
from retable.contract import Artifact
from retable.files import artifact
from retable.jobs.launch import LaunchJob, Measure, Turn
from retable.local import LocalWorkspace
from retable.places import RunningJob, Workspace
from retable.records import read_record
from retable.rounds import conduct
from retable.sessions import Entry, Launch

CASE = "the engine"
FIELD = "latency_sync"
WARMUP, TURN = BUDGETS["quick"].warmup, BUDGETS["quick"].turn
PAIR_MS = 2000.0  # of both launches together
RECIPE_S = 3.0
RECIPE_ITERATIONS = 100
SEED = 20211
TIMEOUT_S = 120.0
RUNNER = "retable_runner"
STAYING = "benchmarks.staying"
NONE = "none"  # some session's samples are not the engine's alone


@dataclass(frozen=True)
class Made:
    """What a launch loads."""

    engine: dict[str, Artifact]
    sample: Artifact


def made_by_a_run(engine: Path, sample: Path) -> Made:
    """What two records name."""
    return Made(read_record(engine).artifacts, read_record(sample).artifacts["sample"])


def made_of_a_chain(name: str, folder: Path) -> Made:
    """One of the benchmarks' own graphs, and noise to run it on."""
    graph, sample = graphs.written(folder)[name], folder / "sample.npz"
    channels, size = (int(part) for part in name.removeprefix("conv").split("x")[:2])
    noise = np.random.default_rng(SEED).standard_normal((1, channels, size, size), np.float32)
    np.savez(sample, x0=noise)
    return Made({"engine": artifact(graph)}, artifact(sample))


class Engine:
    """An engine that can be launched as a session launches it."""

    def __init__(
        self, made: Made, backend: str, workspace: Workspace, threads: int, runner: str = RUNNER
    ) -> None:
        self._workspace = workspace
        self._runner = runner
        self._log = Path(tempfile.gettempdir(), "retable-benchmark.log")
        self._job = {
            "backend": backend,
            "engine": made.engine,
            "sample": made.sample,
            "post": "none",
            "options": {"threads": threads} if threads else {},
            "warmup": WARMUP,
        }

    def launch_round(
        self, sides: int, measure_ms: float, turn: Turn, chance: random.Random
    ) -> list[Launch]:
        """Load `sides` launches of the engine, and let them take turns for `measure_ms` each."""
        measure = Measure(min_ms=measure_ms, min_samples=1, max_ms=10 * measure_ms, target=None)
        entries = [Entry(case=CASE, round=0, position=side, twin=side > 0) for side in range(sides)]
        return conduct(
            chance.sample(entries, sides),
            lambda _: self.start(turn, measure),
            resident=None,
            reply_timeout_s=TIMEOUT_S,
            chance=chance,
            told=lambda _: None,
        )

    def start(self, turn: Turn, measure: Measure) -> RunningJob:
        job = LaunchJob(**self._job, turn=turn, measure=measure, conducted=True)
        return self._workspace.start(self._runner, job, log=self._log, talks=True)


def lower_decile(times: Samples) -> float:
    """What a tenth of the samples take at most."""
    return float(np.quantile(times, 0.1))


OF_LAUNCHES = {"medians": STATISTICS["median"], "lower deciles": Statistic(lower_decile)}
BY_TURNS, WHOLE_LAUNCHES = "by turns", [f"whole launches, {name}" for name in OF_LAUNCHES]


@dataclass(frozen=True)
class Pair:
    """An engine's time over its own, by the way it is told, and which samples were read."""

    ratios: dict[str, float]
    basis: str


def pair_ratio(engine: Engine, chance: random.Random) -> Pair:
    """Time the engine against itself."""
    launches = engine.launch_round(2, PAIR_MS / 2, TURN, chance)
    first, second = (
        case_reading([one for one in launches if one.entry.twin == twin]) for twin in (False, True)
    )
    basis = common_basis(first, second)
    times = [one.rounds[0].read(basis) for one in (first, second)]
    whole = {
        name: statistic.of(times[0]) / statistic.of(times[1])
        for name, statistic in zip(WHOLE_LAUNCHES, OF_LAUNCHES.values(), strict=True)
    }
    return Pair({BY_TURNS: ratio_by_round(first, second)[0], **whole}, basis)


@dataclass(frozen=True)
class Length:
    """How long a session times a case: so many launches, of so many milliseconds each."""

    launches: int
    launch_ms: float

    def __str__(self) -> str:
        return f"{self.launches} launches of {self.launch_ms / 1e3:g} s"


AS_LONG_AS_3_S = Length(6, 1e3 * RECIPE_S / 6)


def length_of(budget: str) -> Length:
    """What a preset times at least."""
    return Length(BUDGETS[budget].launches, BUDGETS[budget].measure.min_ms)


@dataclass(frozen=True)
class Value:
    """A case's values as a session has them, in ms, by what is told of each launch.

    Of medians in yardsticks too, where they can be told so.
    """

    ms: dict[str, float]
    pace_ms: float | None
    yardsticks: float | None


def session_value(engine: Engine, length: Length, chance: random.Random) -> Value:
    """One session of several launches, one after the other."""
    launches = [
        one.model_copy(update={"entry": one.entry.model_copy(update={"round": round_})})
        for round_ in range(length.launches)
        for one in engine.launch_round(1, length.launch_ms, TURN, chance)
    ]
    found = case_reading(launches)
    paced = at_pace(found, 1.0)
    return Value(
        ms={name: over_launches(found, statistic) for name, statistic in OF_LAUNCHES.items()},
        pace_ms=pace_of(found),
        yardsticks=paced and over_launches(paced, STATISTICS["median"]),
    )


def over_launches(found: Reading, statistic: Statistic) -> float:
    """The median over launches of what each gives."""
    return float(np.median(list(found.per_round(statistic).values())))


def recipe_values(engine: Engine, chance: random.Random) -> tuple[float, float]:
    """The mean of 100 iterations after warm-up, and that of 3 s, of one launch, in ms."""
    whole = Turn(settle_ms=0, settle_max_ms=0, min_ms=1e3 * RECIPE_S, min_samples=RECIPE_ITERATIONS)
    (launch,) = engine.launch_round(1, 1e3 * RECIPE_S, whole, chance)
    times = np.asarray(launch.result.samples[FIELD])
    return float(times[:RECIPE_ITERATIONS].mean()), float(times.mean())


def case_reading(launches: list[Launch]) -> Reading:
    """A case's samples, of an engine whose memory is the host's."""
    found = reading(launches, FIELD, "none", "host")
    assert found is not None
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("records", type=Path, nargs="*", help="ENGINE.json SAMPLE.json")
    parser.add_argument("--chain", help="in their place, a graph of benchmarks.graphs")
    parser.add_argument("--backend", default="onnxruntime")
    parser.add_argument("--python", default="results/environments/venv/cpu/bin/python")
    parser.add_argument("--threads", type=int, default=1, help="0: as the backend has it")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--budget", choices=BUDGETS, help="how long a session times a case")
    given = parser.parse_args()
    if given.pairs < 1 or given.sessions < 2:
        parser.error("a pair and two sessions are the least that tell how far they lie apart")
    with tempfile.TemporaryDirectory() as folder:
        made = (
            made_of_a_chain(given.chain, Path(folder))
            if given.chain
            else made_by_a_run(*given.records)
        )
        workspace = LocalWorkspace(Path(given.python))
        moving, staying = (
            Engine(made, given.backend, workspace, given.threads, runner)
            for runner in (RUNNER, STAYING)
        )
        _print_tables(moving, staying, given)


def _print_tables(engine: Engine, staying: Engine, given: argparse.Namespace) -> None:
    chance = random.Random(SEED)
    length = length_of(given.budget) if given.budget else AS_LONG_AS_3_S
    pair_rows, session_rows = [], []
    for busy in (False, True):
        machine = "a busy neighbour on each core" if busy else "as it is"
        with neighbours(busy):
            time.sleep(1)
            pairs = [
                (pair_ratio(engine, chance), pair_ratio(staying, chance))
                for _ in range(given.pairs)
            ]
            pair_rows += [[machine, *row] for row in _pair_rows(pairs)]
            sessions = [
                (session_value(engine, length, chance), *recipe_values(engine, chance))
                for _ in range(given.sessions)
            ]
            session_rows += [[machine, *row] for row in _session_rows(sessions)]
    title = given.chain or given.records[0]
    print(f"{title}, {given.threads or 'all'} threads; load {os.getloadavg()[0]:.2f}\n")
    print(f"{given.pairs} pairs of {PAIR_MS / 1e3:g} s:\n")
    print(markdown(PAIR_HEADER, pair_rows))
    print(f"\n{given.sessions} sessions of {length}:\n")
    print(markdown(SESSION_HEADER, session_rows))


PAIR_HEADER = ["Machine", "Ratio", "Median of abs(ratio - 1)", "standard deviation", "Read on"]
SESSION_HEADER = ["Machine", "Value", "Spread", "spread / that of 3 s", "Range (ms)"]


def _pair_rows(pairs: list[tuple[Pair, Pair]]) -> list[list[str]]:
    """One for each way of telling a ratio, and one by turns of those that stay."""
    moving, staying = ([pair[side] for pair in pairs] for side in (0, 1))
    rows = [_pair_row(name, name, moving) for name in (BY_TURNS, *WHOLE_LAUNCHES)]
    rows.insert(1, _pair_row(f"{BY_TURNS}, where the kernel has them", BY_TURNS, staying))
    return rows


def _pair_row(title: str, name: str, pairs: list[Pair]) -> list[str]:
    ratios = np.array([one.ratios[name] for one in pairs])
    apart = (np.median(np.abs(ratios - 1)), np.std(ratios))
    bases = ", ".join(sorted({one.basis for one in pairs}))
    return [title, *(f"{100 * value:.2f} %" for value in apart), bases]


def _session_rows(sessions: list[tuple[Value, float, float]]) -> list[list[str]]:
    """One for each value of a session, and one for each recipe."""
    values = [value for value, _, _ in sessions]
    hundred, seconds = (np.array([session[index] for session in sessions]) for index in (1, 2))
    series = {
        **{name: np.array([value.ms[name] for value in values]) for name in OF_LAUNCHES},
        "medians at the machine's pace": values_at_one_pace(values),
        "mean of 3 s": seconds,
        "mean of 100 iterations": hundred,
        "pace": np.array([value.pace_ms for value in values if value.pace_ms is not None]),
    }
    return [
        [name, _spread_text(one), _ratio_text(one, seconds), _range_text(one)]
        for name, one in series.items()
    ]


def values_at_one_pace(values: list[Value]) -> Samples:
    """Of each session the value at the median of the sessions' paces, in ms; none if one lacks it.

    One lacks it where the samples have the time of other programs in them.
    """
    told = [
        (value.yardsticks, value.pace_ms)
        for value in values
        if value.yardsticks is not None and value.pace_ms is not None
    ]
    if len(told) < len(values):
        return np.array([])
    yardsticks, paces = (np.array(column) for column in zip(*told, strict=True))
    return yardsticks * float(np.median(paces))


def _spread(values: Samples) -> float:
    return float(np.std(values) / np.median(values))


def _spread_text(values: Samples) -> str:
    return f"{100 * _spread(values):.2f} %" if len(values) else NONE


def _ratio_text(values: Samples, others: Samples) -> str:
    return f"{_spread(values) / _spread(others):.2f}" if len(values) else NONE


def _range_text(values: Samples) -> str:
    return f"{values.min():.3f} to {values.max():.3f}" if len(values) else NONE


if __name__ == "__main__":
    main()
