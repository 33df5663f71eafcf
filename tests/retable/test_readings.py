"""Which samples of a session count, and how those of two cases stand against each other."""

import numpy as np
import pytest
from small_suite import measured_by_turns, session

from retable.comparing.readings import Reading, ratio_by_round, reading
from retable.comparing.statistics import STATISTICS
from retable.contract import Result

CASE = "null.none.fp32"


def read(*rounds: Result, field: str = "latency_sync", post: str = "none", memory: str = "host"):
    """The reading of a case whose launches, a round each, left this."""
    found = reading(session("tiny_8x8", {CASE: list(rounds)}).launches, field, post, memory)
    assert found is not None
    return found


def counted(times, waited, cpu=None):
    """A launch of one turn, with what its one thread waited; `cpu` if it is not the rest."""
    cpu = [time - wait for time, wait in zip(times, waited, strict=True)] if cpu is None else cpu
    return measured_by_turns([times], waited=waited, cpu=cpu, preempted=[0.0] * len(times))


def medians(found: Reading) -> list[float]:
    return list(found.per_round(STATISTICS["median"]).values())


QUIET = counted([10.0, 10.0, 10.0, 12.0], [0.0] * 4)
HALF = counted([10.0, 10.0, 30.0, 30.0], [0.0, 0.0, 20.0, 20.0])
MOSTLY = counted([10.0, 30.0, 30.0, 30.0], [0.0, 20.0, 20.0, 20.0])


# On which basis


def test_without_counters_all_samples_count_and_nothing_tells_how_many_were_disturbed():
    found = read(measured_by_turns([[10.0, 30.0, 50.0]]))
    assert (found.basis, found.kept_share) == ("all", None)
    assert medians(found) == [30.0]


def test_where_half_of_the_samples_are_undisturbed_they_count_and_the_others_do_not():
    found = read(HALF)
    assert (found.basis, found.kept_share) == ("kept", 0.5)
    assert medians(found) == [10.0]


def test_where_most_are_disturbed_the_cpu_time_of_a_single_thread_counts():
    found = read(MOSTLY)
    assert (found.basis, found.kept_share) == ("cpu", 0.25)
    assert medians(found) == [10.0]


def test_a_part_of_what_was_counted_has_no_cpu_time_of_its_own():
    facts = {**MOSTLY.facts, "fields": ["latency_run_d2h", "latency_run"]}
    whole, part = MOSTLY.samples["latency_sync"], [9.0, 29.0, 29.0, 29.0]
    samples = {"latency_run_d2h": whole, "latency_run": part}
    launch = MOSTLY.model_copy(update={"facts": facts, "samples": samples})
    assert read(launch, field="latency_run_d2h").basis == "cpu"
    found = read(launch, field="latency_run")
    assert (found.basis, found.kept_share) == ("all", 0.25)
    assert medians(found) == [29.0]


@pytest.mark.parametrize(
    "launch",
    [
        counted([30.0] * 4, [20.0] * 4, cpu=[40.0] * 4),  # two threads
        counted([30.0] * 4, [20.0] * 4, cpu=[5.0] * 4),  # it slept, too
        measured_by_turns([[30.0] * 4], preempted=[1.0] * 4),  # nobody counted its CPU time
        measured_by_turns([[30.0] * 4], cpu=[10.0] * 4, preempted=[1.0] * 4),  # nor its waiting
    ],
)
def test_where_cpu_time_is_not_latency_all_samples_count(launch):
    found = read(launch)
    assert found.basis == "all"
    assert medians(found) == [30.0]


def test_all_launches_of_a_case_are_read_on_one_basis():
    """The first alone would be read by its undisturbed samples: 10, 10, 10 and 12 ms."""
    found = read(QUIET, MOSTLY)
    assert found.basis == "cpu"
    assert found.kept_share == (4 + 1) / 8
    assert medians(found) == [10.0, 10.0]


def test_a_tail_is_of_all_samples_whatever_the_basis():
    found = read(HALF)
    assert found.per_round(STATISTICS["p99"]) == {0: 30.0}
    assert medians(found.on("all")) == [20.0]


def test_what_follows_an_inference_is_part_of_the_time_that_contention_is_held_against():
    """A wait of 0.2 ms is much of 10 ms, and little of 30."""
    launch = counted([10.0] * 4, [0.2] * 4)
    assert read(launch).kept_share == 0.0
    samples = {**launch.samples, "host_post": [20.0] * 4}
    followed = read(launch.model_copy(update={"samples": samples}), post="numpy_argmax")
    assert (followed.basis, followed.kept_share) == ("kept", 1.0)
    assert medians(followed) == [30.0]


def test_a_field_that_a_launch_lacks_is_no_reading():
    launches = session("tiny_8x8", {CASE: [QUIET, Result(outcome="crashed")]}).launches
    assert reading(launches, "latency_sync", "none", "host") is None
    assert reading(launches[:1], "gpu_compute", "none", "host") is None


# Turn by turn


def test_samples_are_told_apart_by_their_turns():
    (series,) = read(measured_by_turns([[1.0, 2.0], [3.0], [4.0, 5.0]])).rounds.values()
    assert [turn.tolist() for turn in series.read_by_turn("all")] == [[1, 2], [3], [4, 5]]
    assert series.read("all").tolist() == [1, 2, 3, 4, 5]


def test_a_disturbed_sample_is_missing_from_its_own_turn():
    launch = measured_by_turns([[1.0, 9.0], [3.0], [8.0, 5.0]], waited=[0.0, 8.0, 0.0, 7.0, 0.0])
    (series,) = read(launch).rounds.values()
    assert [turn.tolist() for turn in series.read_by_turn("kept")] == [[1], [3], [5]]
    assert series.read("kept").tolist() == [1, 3, 5]


def passed_by_itself(times):
    """A launch of two turns, all disturbed, and of another field in a pass of its own."""
    launch = measured_by_turns([[30.0, 30.0], [30.0, 30.0]], waited=[20.0] * 4, cpu=[10.0] * 4)
    return launch.model_copy(update={"samples": {**launch.samples, "latency_pipe": times}})


def test_a_field_of_a_pass_of_its_own_has_neither_turns_nor_contention():
    found = read(passed_by_itself([2.0, 4.0, 6.0]), field="latency_pipe", memory="device")
    (series,) = found.rounds.values()
    assert (found.basis, found.kept_share) == ("all", None)
    assert [turn.tolist() for turn in series.read_by_turn("kept")] == [[2, 4, 6]]


def test_a_pass_of_its_own_meets_turns_as_a_whole():
    """And not the first turn alone, which met something."""
    turns = read(measured_by_turns([[20.0]] + [[10.0]] * 9))
    whole = read(passed_by_itself([10.0]), field="latency_pipe", memory="device")
    assert ratio_by_round(turns, whole) == {0: pytest.approx(1.0)}


def test_passes_of_their_own_stand_against_each_other_as_wholes():
    ratios = ratio_by_round(
        read(passed_by_itself([4.0, 4.0, 9.0]), field="latency_pipe", memory="device"),
        read(passed_by_itself([2.0]), field="latency_pipe", memory="device"),
    )
    assert ratios == {0: pytest.approx(2.0)}


# One case over another


def slowing(turns: int, cost: float, per_turn: int = 3) -> Result:
    """A launch on a machine that gets slower from turn to turn: the n-th costs n times as much."""
    return measured_by_turns([[cost * turn] * per_turn for turn in range(1, turns + 1)])


def test_a_machine_that_changes_meanwhile_does_not_change_the_ratio():
    """The upper case had enough after 3 turns, the lower after 9, on a machine 9 times slower."""
    upper, lower = read(slowing(3, 1.0)), read(slowing(9, 2.0))
    assert medians(upper)[0] / medians(lower)[0] == 0.2  # what whole launches would say
    assert ratio_by_round(upper, lower) == {0: pytest.approx(0.5)}
    assert ratio_by_round(lower, upper) == {0: pytest.approx(2.0)}


def test_turns_that_only_one_of_them_took_do_not_count():
    upper = read(measured_by_turns([[1.0], [1.0]]))
    lower = read(measured_by_turns([[2.0], [2.0], [900.0], [900.0], [900.0]]))
    assert ratio_by_round(upper, lower) == {0: pytest.approx(0.5)}


@pytest.mark.parametrize("turn", range(3))
def test_one_turn_that_met_something_does_not_move_the_median_of_turns(turn):
    upper = read(measured_by_turns([[50.0 if one == turn else 1.0] for one in range(3)]))
    lower = read(measured_by_turns([[2.0], [2.0], [2.0]]))
    assert ratio_by_round(upper, lower) == {0: pytest.approx(0.5)}


def test_each_round_has_its_own_ratio_and_only_those_that_both_have():
    upper = read(*(measured_by_turns([[time]]) for time in (1.0, 6.0, 3.0)))
    lower = read(*(measured_by_turns([[time]]) for time in (2.0, 4.0)))
    assert ratio_by_round(upper, lower) == {0: pytest.approx(0.5), 1: pytest.approx(1.5)}


def test_a_turn_without_an_undisturbed_sample_is_passed_over():
    upper = read(measured_by_turns([[1.0], [70.0], [1.0]], waited=[0.0, 69.0, 0.0]))
    lower = read(measured_by_turns([[2.0], [7.0], [2.0]], waited=[0.0, 0.0, 0.0]))
    assert ratio_by_round(upper, lower) == {0: pytest.approx(0.5)}


def test_rounds_without_a_common_undisturbed_turn_give_no_ratio():
    upper = read(measured_by_turns([[1.0], [70.0]], waited=[0.0, 69.0]))
    lower = read(measured_by_turns([[70.0], [2.0]], waited=[69.0, 0.0]))
    assert ratio_by_round(upper, lower) == {}


def test_cases_read_on_two_bases_meet_on_the_samples_as_they_were():
    upper, lower = read(MOSTLY), read(QUIET)
    assert (upper.basis, lower.basis) == ("cpu", "kept")
    assert ratio_by_round(upper, lower) == {0: pytest.approx(30.0 / 10.0)}


def test_both_disturbed_are_compared_by_their_cpu_time():
    assert ratio_by_round(read(MOSTLY), read(MOSTLY)) == {0: pytest.approx(1.0)}
    twice = counted([20.0, 60.0, 60.0, 60.0], [0.0, 40.0, 40.0, 40.0])
    assert ratio_by_round(read(twice), read(MOSTLY)) == {0: pytest.approx(2.0)}


def test_drift_by_chance_does_not_fool_the_ratio_either():
    """A machine that wanders: each pass of turns is slower or faster by its own factor."""
    chance = np.random.default_rng(20211)
    speeds = np.exp(np.cumsum(0.05 * chance.standard_normal(60)))
    upper, lower = (
        read(measured_by_turns([(cost * speed * np.ones(5)).tolist() for speed in speeds[:turns]]))
        for cost, turns in ((0.97, 20), (1.0, 60))
    )
    whole = medians(upper)[0] / medians(lower)[0]
    assert abs(whole - 0.97) > 0.05
    assert ratio_by_round(upper, lower)[0] == pytest.approx(0.97)
