"""The machine's pace: a value that does not move with it, and what is said where it moved."""

import numpy as np
import pytest
from small_suite import Small, at_paces, measured_by_turns, session

from retable.comparing.comparison import Answer, Caution
from retable.comparing.paces import at_pace, launch_paces, pace_of, session_paces
from retable.comparing.readings import Reading, reading
from retable.comparing.statistics import STATISTICS
from retable.contract import Result

CASE = "null.none.fp32"
TIMES = [10.0, 11.0, 10.5]
SLOW = 1.4


def launch(*slowness: float, pace_ms: float = 0.25, waited: float = 0.0) -> Result:
    """A launch of a turn for each: how many times as long everything took in it."""
    turns = [[time * slow + waited for time in TIMES] for slow in slowness]
    left = measured_by_turns(
        turns,
        cpu=[time * slow for slow in slowness for time in TIMES],
        waited=[waited] * len(slowness) * len(TIMES),
    )
    return at_paces(left, [pace_ms * slow for slow in slowness])


def read(*rounds: Result, memory: str = "host") -> Reading:
    found = reading(
        session("tiny_8x8", {CASE: list(rounds)}).launches, "latency_sync", "none", memory
    )
    assert found is not None
    return found


def medians(found: Reading | None) -> list[float]:
    assert found is not None
    return list(found.per_round(STATISTICS["median"]).values())


def answer(*launches: Result, statistic: str = "median", unit: str = "ms") -> Answer:
    small = Small({"A": {"statistic": statistic, "unit": unit}})
    (found,) = small.answers("A", {CASE: list(launches)})
    return found


def kinds(found: Answer) -> list[str]:
    return [caution.kind for caution in found.cautions]


# Values


def test_a_machine_that_slows_in_half_of_the_turns_gives_the_same_value_at_one_pace():
    even, slowed = read(launch(1, 1, 1, 1)), read(launch(1, SLOW, 1, SLOW))
    assert medians(slowed) != pytest.approx(medians(even))
    assert medians(at_pace(slowed, 0.25)) == pytest.approx(medians(at_pace(even, 0.25)))
    assert medians(at_pace(even, 0.25)) == medians(even) == [10.5]


def test_sessions_of_a_slow_and_a_fast_machine_have_the_same_value_at_one_pace():
    fast, slow = read(launch(1, 1), launch(1, 1)), read(launch(SLOW, SLOW), launch(SLOW, SLOW))
    assert (pace_of(fast), pace_of(slow)) == (0.25, pytest.approx(0.35))
    assert medians(at_pace(slow, 0.25)) == pytest.approx([10.5, 10.5])
    assert medians(at_pace(fast, 0.35)) == pytest.approx([14.7, 14.7])


def test_what_the_pace_does_not_explain_stays():
    samples = read(
        at_paces(measured_by_turns([[10.0] * 2, [20.0] * 2], waited=[0.0] * 4), [0.2, 0.1])
    )
    (series,) = at_pace(samples, 0.1).rounds.values()
    assert series.times.tolist() == [5.0, 5.0, 20.0, 20.0]


def test_where_the_cpu_time_counts_that_is_scaled():
    slowed = read(launch(1, SLOW, waited=30.0))
    assert slowed.basis == "cpu"
    assert medians(at_pace(slowed, 0.25)) == pytest.approx([10.5])


def test_samples_that_have_the_time_of_others_in_them_have_no_value_at_a_pace():
    left = at_paces(measured_by_turns([[30.0] * 4], waited=[20.0] * 4, cpu=[50.0] * 4), [0.25])
    found = read(left)
    assert (found.basis, pace_of(found)) == ("all", 0.25)
    assert at_pace(found, 0.25) is None


@pytest.mark.parametrize(
    "rounds",
    [
        [measured_by_turns([TIMES], waited=[0.0] * 3)],  # a session from before there was one
        [launch(1), measured_by_turns([TIMES], waited=[0.0] * 3)],
        [at_paces(measured_by_turns([TIMES], waited=[0.0] * 3), [None])],  # no clock of a thread
    ],
)
def test_without_a_yardstick_there_is_no_pace_and_no_value_at_one(rounds):
    found = read(*rounds)
    assert found.basis == "kept"
    assert (pace_of(found), launch_paces(found), at_pace(found, 0.25)) == (None, [], None)


def test_the_pace_of_the_host_says_nothing_of_another_device():
    found = read(launch(1), memory="device")
    assert (pace_of(found), at_pace(found, 0.25)) == (None, None)


def test_a_pass_of_its_own_had_no_yardstick_beside_it():
    left = launch(1)
    further = left.model_copy(update={"samples": {**left.samples, "latency_pipe": [3.0, 4.0]}})
    launches = session("tiny_8x8", {CASE: [further]}).launches
    found = reading(launches, "latency_pipe", "none", "host")
    assert found is not None
    assert pace_of(found) is None


# Answers


def test_an_answer_tells_its_value_at_the_pace_that_its_machine_had():
    found = answer(launch(1, 1), launch(SLOW, SLOW), launch(SLOW, SLOW))
    assert found.pace_ms == pytest.approx(0.35)
    assert found.measured.low == pytest.approx(10.5)
    told = (found.at_pace.value, found.at_pace.low, found.at_pace.high)
    assert told == pytest.approx((14.7, 14.7, 14.7))


def test_a_rate_rises_as_the_times_fall():
    found = answer(launch(SLOW), launch(SLOW), launch(1), statistic="images_per_second", unit="1/s")
    even = answer(*[launch(SLOW)] * 3, statistic="images_per_second", unit="1/s")
    assert found.at_pace == even.measured


def test_a_statistic_of_all_samples_is_not_scaled():
    found = answer(launch(1), statistic="total_time")
    assert found.measured is not None
    assert found.at_pace is None


def test_an_answer_of_an_older_session_reads_as_before():
    found = answer(measured_by_turns([TIMES], waited=[0.0] * 3))
    assert found.measured is not None
    assert (found.pace_ms, found.at_pace) == (None, None)
    assert "pace" not in kinds(found)


# Cautions


@pytest.mark.parametrize(
    ("slowness", "moved"), [((1.0, 1.14, 1.0), False), ((1.0, 1.0, 1.16), True)]
)
def test_a_pace_that_moved_from_launch_to_launch_is_said(slowness, moved):
    assert ("pace" in kinds(answer(*[launch(slow, slow) for slow in slowness]))) is moved


def test_how_far_the_pace_moved_is_said_with_figures():
    found = answer(launch(1, 1), launch(SLOW, SLOW), launch(1, 1))
    assert (
        Caution(
            kind="pace",
            text="a fixed calculation took the machine 0.25 to 0.35 ms, 40 % more, "
            "from launch to launch",
        )
        in found.cautions
    )


def test_a_pace_that_moves_within_launches_alike_is_no_news():
    assert "pace" not in kinds(answer(*[launch(1, SLOW, 1, SLOW)] * 3))


# Sessions


def test_a_sessions_pace_is_that_of_its_launches():
    left = [launch(1, 1), launch(SLOW, SLOW), launch(1.2, 1.2)]
    found = session_paces(session("tiny_8x8", {CASE: left}).launches)
    assert list(found) == ["2.4.6"]
    pace = found["2.4.6"]
    told = (pace.median_ms, pace.fastest_ms, pace.slowest_ms)
    assert told == pytest.approx((0.3, 0.25, 0.35))


def test_the_yardsticks_of_several_numpys_are_told_apart():
    left = measured_by_turns([TIMES], waited=[0.0] * 3)
    both = [at_paces(left, [0.25], numpy="1.19.5"), at_paces(left, [0.5], numpy="2.4.6")]
    found = session_paces(session("tiny_8x8", {CASE: both}).launches)
    assert {version: pace.median_ms for version, pace in found.items()} == {
        "1.19.5": 0.25,
        "2.4.6": 0.5,
    }


def test_launches_on_a_device_or_without_a_yardstick_give_a_session_no_pace():
    old = measured_by_turns([TIMES])
    device = launch(1)
    device = device.model_copy(update={"facts": {**device.facts, "memory": "device"}})
    crashed = Result(outcome="crashed", reason="SIGSEGV")
    launches = session("tiny_8x8", {CASE: [old, device, crashed]}).launches
    assert session_paces(launches) == {}


def test_scaling_changes_neither_what_counts_nor_the_order_of_turns():
    found = read(launch(1, SLOW))
    scaled = at_pace(found, 0.25)
    (before,), (after,) = found.rounds.values(), scaled.rounds.values()
    assert after.turns == before.turns
    np.testing.assert_array_equal(after.kept, before.kept)
    np.testing.assert_allclose(before.times[:3], after.times[:3])
