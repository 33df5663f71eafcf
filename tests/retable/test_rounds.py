"""Rounds of real launches of the null backend: who is loaded when, whose turn it is, who fails."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from null_launches import NullLaunches

from retable.places import RunningJob
from retable.rounds import conduct
from retable.sessions import Entry, Launch

CASES = ["a", "b", "c", "d"]
TURNS = 6
REPLY_S = 60.0
SEED = 20211


@dataclass
class Round:
    """A round of launches, in the order of their entries; how many turns each wants."""

    launches: NullLaunches
    turns: dict[str, int] = field(default_factory=dict)
    # By case: a statement, and the turn at whose beginning it is run.
    happens: dict[str, tuple[str, int]] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    twin: str | None = None
    resident: int | None = None
    reply_timeout_s: float = REPLY_S
    seed: int = SEED

    def __post_init__(self) -> None:
        self.told: list[tuple[float, str]] = []
        names = [(name, False) for name in CASES] + [(name, True) for name in [self.twin] if name]
        entries = [
            Entry(case=name, round=0, position=position, twin=twin)
            for position, (name, twin) in enumerate(names)
        ]
        self.made: list[Launch] = conduct(
            entries,
            self._start,
            resident=self.resident,
            reply_timeout_s=self.reply_timeout_s,
            chance=Random(self.seed),
            told=lambda text: self.told.append((time.perf_counter(), text)),
        )
        assert [launch.entry for launch in self.made] == entries

    def _start(self, entry: Entry) -> RunningJob:
        if entry.case in self.happens:
            return self.launches.start_with(*self.happens[entry.case])
        turns = self.turns.get(entry.case, TURNS)
        return self.launches.start(turns, **self.options.get(entry.case, {}))

    def of(self, case: str) -> Launch:
        return next(launch for launch in self.made if launch.entry.case == case)

    def starts(self, case: str) -> list[float]:
        """When each turn of a case began: on one clock for all of them."""
        return [turn["started_s"] for turn in self.of(case).result.facts["turns"]]

    @property
    def order(self) -> list[str]:
        """Whose turns followed each other."""
        begun = [(start, case) for case in CASES for start in self.starts(case)]
        return [case for _, case in sorted(begun)]


@pytest.fixture(scope="module")
def launches(tmp_path_factory: pytest.TempPathFactory) -> NullLaunches:
    return NullLaunches(tmp_path_factory.mktemp("launches"))


@pytest.fixture(scope="module")
def whole(launches: NullLaunches) -> Round:
    """A round in which each case wants as many turns as the others."""
    return Round(launches)


def passes(order: list[str]) -> list[list[str]]:
    return [order[first : first + len(CASES)] for first in range(0, len(order), len(CASES))]


def test_every_launch_has_its_turns_and_its_samples(whole: Round) -> None:
    for launch in whole.made:
        assert launch.result.outcome == "ok"
        assert [turn["samples"] for turn in launch.result.facts["turns"]] == [2] * TURNS
        assert len(launch.result.samples["latency_sync"]) == 2 * TURNS


def test_no_launch_has_another_turn_before_all_have_had_theirs(whole: Round) -> None:
    assert len(whole.order) == TURNS * len(CASES)
    assert [sorted(one) for one in passes(whole.order)] == [CASES] * TURNS


def test_the_order_of_turns_is_by_chance_and_can_be_repeated(
    whole: Round, launches: NullLaunches
) -> None:
    assert len({tuple(one) for one in passes(whole.order)}) > 1
    assert Round(launches).order == whole.order
    assert Round(launches, seed=SEED + 1).order != whole.order


def test_all_are_loaded_and_warm_before_the_first_turn(whole: Round) -> None:
    first_turn = min(whole.starts(case)[0] for case in CASES)
    texts = [text for _, text in whole.told]
    assert texts == [
        "loading 4 launches",
        *(f"warming up {case}" for case in CASES),
        "4 launches measure by turns",
    ]
    assert max(told for told, _ in whole.told) < first_turn


def test_none_ends_before_all_have_timed_what_has_a_pass_of_its_own(
    launches: NullLaunches, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[RunningJob] = []
    ended: list[list[bool]] = []
    ask = RunningJob.ask

    def asked(job: RunningJob, command: str | None, timeout_s: float) -> dict[str, Any] | None:
        if command is None:
            jobs.append(job)
        if command == "finish":
            time.sleep(0.5)  # one that was free to end has ended by now
            ended.append([one._program.has_ended for one in jobs])
        return ask(job, command, timeout_s)

    monkeypatch.setattr(RunningJob, "ask", asked)
    made = Round(launches).made
    assert ended == [[False] * len(CASES)] * len(CASES)
    assert [launch.result.outcome for launch in made] == ["ok"] * len(CASES)


def test_a_launch_that_has_enough_has_no_more_turns(launches: NullLaunches) -> None:
    ended = Round(launches, turns={"b": 2, "d": 1})
    counts = {case: len(ended.starts(case)) for case in CASES}
    assert counts == {"a": TURNS, "b": 2, "c": TURNS, "d": 1}
    assert [sorted(one) for one in passes(ended.order[:4])] == [CASES]
    assert sorted(ended.order[-2:]) == ["a", "c"]


def test_a_device_that_holds_few_launches_has_them_in_groups(launches: NullLaunches) -> None:
    ended = Round(launches, resident=2)
    assert sorted(ended.order[: 2 * TURNS]) == ["a"] * TURNS + ["b"] * TURNS
    loading = [told for told, text in ended.told if text == "loading 2 launches"]
    assert len(loading) == 2
    assert max(ended.starts("a") + ended.starts("b")) < loading[1]
    assert loading[1] < min(ended.starts("c") + ended.starts("d"))


def test_a_case_and_its_twin_are_two_launches(launches: NullLaunches) -> None:
    ended = Round(launches, twin="c")
    case, twin = (launch for launch in ended.made if launch.entry.case == "c")
    assert (case.entry.twin, twin.entry.twin) == (False, True)
    assert case.result.facts["turns"] != twin.result.facts["turns"]
    assert "warming up c, the twin" in [text for _, text in ended.told]


def assert_all_but(case: str, ended: Round) -> None:
    """The others have what they would have had without it."""
    for other in CASES:
        if other != case:
            assert ended.of(other).result.outcome == "ok"
            assert len(ended.starts(other)) == TURNS


def test_a_launch_that_cannot_be_loaded_leaves_its_reason_and_the_others_alone(
    launches: NullLaunches,
) -> None:
    ended = Round(launches, options={"b": {"latency_ms": "no number"}})
    result = ended.of("b").result
    assert result.outcome == "crashed"
    assert "could not convert string to float" in result.reason
    assert_all_but("b", ended)


def test_a_launch_that_dies_while_it_warms_up_leaves_its_signal_and_the_others_alone(
    launches: NullLaunches,
) -> None:
    ended = Round(launches, options={"b": {"fail": "crash"}})
    result = ended.of("b").result
    assert result.outcome == "crashed"
    assert result.reason.startswith("SIGABRT")
    assert_all_but("b", ended)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        ("os.abort()", "SIGABRT"),
        ("os._exit(3)", "exit status 3"),
        ("raise RuntimeError('the driver is gone')", "the driver is gone"),
    ],
)
def test_a_launch_that_dies_in_a_turn_leaves_its_reason_and_the_others_alone(
    launches: NullLaunches, happens: str, reason: str
) -> None:
    ended = Round(launches, happens={"b": (happens, 3)})
    result = ended.of("b").result
    assert result.outcome == "crashed"
    assert result.reason.startswith(reason)
    assert_all_but("b", ended)


TELL_PID = "open({path!r}, 'w').write(str(os.getpid()))"
TELL_IF_ALIVE = "open({path!r}, 'w').write(str(os.path.exists('/proc/' + open({pid!r}).read())))"


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> tuple[Round, Path, Path]:
    """A round in which b hangs in its third turn, and c looks for its process in the next."""
    folder = tmp_path_factory.mktemp("hanging")
    pid, told = folder / "pid", folder / "told"
    ended = Round(
        NullLaunches(folder),
        happens={
            "b": (f"{TELL_PID.format(path=str(pid))}; time.sleep(600)", 3),
            "c": (TELL_IF_ALIVE.format(path=str(told), pid=str(pid)), 4),
        },
        reply_timeout_s=5,
    )
    return ended, pid, told


def test_a_launch_that_hangs_in_a_turn_has_timed_out_and_leaves_the_others_alone(
    hanging: tuple[Round, Path, Path],
) -> None:
    ended, _, _ = hanging
    result = ended.of("b").result
    assert result.outcome == "timeout"
    assert result.reason.startswith("no end after ")
    assert_all_but("b", ended)


def test_a_launch_that_hangs_is_gone_before_the_others_measure_on(
    hanging: tuple[Round, Path, Path],
) -> None:
    _, _, told = hanging
    assert told.read_text() == "False"


def test_nothing_of_a_round_stays_behind(hanging: tuple[Round, Path, Path]) -> None:
    _, pid, _ = hanging
    assert not Path("/proc", pid.read_text()).exists()


def test_a_round_of_nothing_is_no_launches(launches: NullLaunches) -> None:
    def start(entry: Entry) -> RunningJob:
        raise AssertionError(entry)

    nothing = {"reply_timeout_s": REPLY_S, "chance": Random(SEED), "told": print}
    assert conduct([], start, resident=None, **nothing) == []


def test_where_no_launch_comes_so_far_there_are_no_turns(launches: NullLaunches) -> None:
    ended = Round(launches, options={case: {"fail": "exit"} for case in CASES})
    assert {launch.result.outcome for launch in ended.made} == {"crashed"}
