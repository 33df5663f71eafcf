"""The loops, on a clock that only moves when told: what they do is a function of the times."""

import gc

import numpy as np
import pytest

from retable_runner import host_samplers, measure


class Clock:
    """A clock in seconds that stands still but for `advance`."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def advance(self, ms):
        self.now += ms / 1e3


class Engine:
    """Takes the times given, in milliseconds, the last one for ever."""

    def __init__(self, clock, times_ms):
        self.clock = clock
        self.times_ms = list(times_ms)
        self.runs = 0

    def run(self):
        self.clock.advance(self.times_ms[min(self.runs, len(self.times_ms) - 1)])
        self.runs += 1
        return ["outputs", self.runs]


def warmed(times_ms, **changes):
    clock = Clock()
    rules = {
        "min_ms": 200.0,
        "min_iterations": 50,
        "slow_ms": 50.0,
        "slow_iterations": 10,
        "max_ms": 5000.0,
        **changes,
    }
    sampler = host_samplers.HostSampler(Engine(clock, times_ms).run, clock=clock)
    return measure.warm_up(sampler, measure.Steadiness(**rules), clock)


def measured(times_ms, post_ms=None, **rules):
    clock = Clock()
    post = None if post_ms is None else lambda outputs: clock.advance(post_ms)
    sampler = host_samplers.HostSampler(Engine(clock, times_ms).run, post, clock)
    rows, duration_ms = measure.repeat(sampler, measure.Budget(**rules), clock)
    return measure.columns(sampler.fields, rows), duration_ms


def test_steady_model_warms_up_for_the_minimum_time():
    done = warmed([1.0])
    assert done["steady"]
    assert 200 <= done["ms"] < 250


def test_fast_enough_model_needs_the_iterations_even_when_the_time_has_gone():
    assert warmed([20.0])["iterations"] == 50


def test_slow_model_needs_few_iterations():
    done = warmed([60.0])
    assert done == {"iterations": 10, "ms": pytest.approx(600), "steady": True}


def test_a_slow_start_is_left_behind_before_the_model_counts_as_steady():
    settling = [10.0 - 0.05 * step for step in range(180)]
    done = warmed([*settling, 1.0])
    assert done["steady"]
    assert done["iterations"] > 200


def test_a_model_that_never_settles_ends_at_the_cap_and_says_so():
    done = warmed([1.0 * 1.01**step for step in range(2000)])
    assert not done["steady"]
    assert 5000 <= done["ms"] < 5200


def test_the_cap_lets_a_slow_model_have_its_few_iterations():
    ended = warmed([9000.0], slow_iterations=2, max_ms=100)
    assert (ended["iterations"], ended["ms"]) == (2, pytest.approx(18000))


def test_one_outlier_does_not_undo_steadiness():
    assert warmed([1.0] * 150 + [30.0] + [1.0])["steady"]


def test_one_slow_iteration_can_be_warm_enough():
    assert warmed([250.0], slow_iterations=1)["iterations"] == 1


@pytest.mark.parametrize(
    ("rules", "count"),
    [
        ({"min_ms": 10, "min_samples": 3, "max_ms": 100}, 10),
        ({"min_ms": 10, "min_samples": 30, "max_ms": 100}, 30),
        ({"min_ms": 10, "min_samples": 300, "max_ms": 100}, 100),
        ({"min_ms": 0, "min_samples": 0, "max_ms": 0}, 1),
    ],
)
def test_measuring_ends_at_the_minimum_or_at_the_cap(rules, count):
    columns, duration_ms = measured([1.0], **rules)
    assert len(columns["latency_sync"]) == count
    assert duration_ms == pytest.approx(count)


def test_the_post_has_its_own_field_and_is_not_in_the_latency():
    columns, _ = measured([2.0, 3.0], post_ms=5.0, min_ms=0, min_samples=2, max_ms=100)
    assert columns == {"latency_sync": [2.0, 3.0], "host_post": [5.0, 5.0]}


def test_without_a_post_there_is_no_field_for_it():
    columns, _ = measured([2.0], min_ms=0, min_samples=1, max_ms=100)
    assert list(columns) == ["latency_sync"]


def test_the_post_gets_the_outputs_of_its_own_iteration():
    clock = Clock()
    seen = []
    sampler = host_samplers.HostSampler(Engine(clock, [1.0]).run, seen.append, clock)
    measure.repeat(sampler, measure.Budget(0, 3, 100), clock)
    assert seen == [["outputs", 1], ["outputs", 2], ["outputs", 3]]


def test_of_a_call_only_the_call_counts_and_its_outputs_are_waited_for():
    clock = Clock()
    seen = []

    def settle(found):
        clock.advance(30)
        seen.append(found)

    sampler = host_samplers.FunctionSampler(Engine(clock, [1.0, 2.0]).run, settle, clock)
    rows, duration_ms = measure.repeat(sampler, measure.Budget(0, 2, 100), clock)
    assert measure.columns(sampler.fields, rows) == {"latency_call": [1.0, 2.0]}
    assert duration_ms == pytest.approx(63)
    assert seen == [["outputs", 1], ["outputs", 2]]


def test_every_sample_is_kept_in_order_when_there_are_more_than_were_allocated():
    count = 2 * measure.FIRST_ROWS + 5
    columns, _ = measured(np.arange(count), min_ms=0, min_samples=count, max_ms=1e12)
    assert columns["latency_sync"] == list(range(count))


def test_samples_are_milliseconds_to_the_nanosecond():
    assert measure.columns(("latency_sync",), [(0.0012345678912,)]) == {"latency_sync": [1.234568]}


def test_the_collector_is_off_inside_the_block_and_on_again_after_a_failure():
    with pytest.raises(RuntimeError), measure.no_garbage_collection():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
        raise RuntimeError
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


# Turns.


class Contended:
    """A sampler of the times and waits given, in milliseconds, the last ones for ever."""

    fields = ("latency_sync",)
    counters = ("cpu", "waited", "preempted")

    def __init__(self, clock, samples):
        self.clock = clock
        self.samples = list(samples)
        self.runs = 0

    def sample(self):
        time_ms, waited_ms = self.samples[min(self.runs, len(self.samples) - 1)]
        self.runs += 1
        self.clock.advance(time_ms)
        return time_ms / 1e3, (time_ms - waited_ms) / 1e3, waited_ms / 1e3, int(waited_ms > 0)


QUIET = (1.0, 0.0)
DISTURBED = (9.0, 8.0)
CPUS = [5, 7, *range(100)]  # where turn after turn is taken
PACE = {"cpu_ms": 0.25, "ms": 0.5}


class Asked:
    """A rule for the launch that never has enough, and keeps what it was asked."""

    facts = {"by": None}

    def __init__(self):
        self.questions = []

    def __call__(self, count, elapsed_ms, judged):
        self.questions.append((count, round(elapsed_ms, 6), judged().round(6).tolist()))
        return False


def recording_of(samples, settle_ms=(0.0, 0.0), per_turn=2, enough=None):
    """A recording of turns of so many samples, and its sampler."""
    clock = Clock()
    sampler = Contended(clock, samples)
    turn = measure.Budget(0, per_turn, 1e9)

    def pace():
        clock.advance(PACE["ms"])
        return PACE

    move, enough = iter(CPUS).__next__, enough or Asked()
    return measure.Recording(sampler, move, pace, settle_ms, turn, enough, clock), sampler


def test_a_recording_has_the_samples_of_its_turns_in_their_order():
    recording, _ = recording_of([(float(ms), 0.0) for ms in range(1, 99)], per_turn=3)
    for _ in range(2):
        recording.take_turn()
    # The first sample of each turn, 1 and 5, settles it and does not count.
    assert recording.times() == {"latency_sync": [2.0, 3.0, 4.0, 6.0, 7.0, 8.0]}
    facts = recording.facts()
    assert facts["iterations"] == 6
    assert facts["duration_ms"] == pytest.approx(2 + 3 + 4 + 6 + 7 + 8)


def test_a_turn_tells_when_it_began_to_count_how_much_it_gave_where_and_the_pace_before():
    recording, _ = recording_of([(10.0, 0.0)])
    for _ in range(2):
        recording.take_turn()
    assert recording.facts()["turns"] == [
        {"started_s": 100.0105, "ms": 20.0, "samples": 2, "cpu": 5, "pace": PACE},
        {"started_s": 100.041, "ms": 20.0, "samples": 2, "cpu": 7, "pace": PACE},
    ]


@pytest.mark.parametrize(
    ("settle_ms", "samples", "settling"),
    [
        ((0, 0), [QUIET], 1),  # the others have had the caches
        ((3, 100), [QUIET], 3),
        ((0, 100), [DISTURBED] * 4 + [QUIET], 5),  # until one is undisturbed
        ((3, 100), [QUIET] * 2 + [DISTURBED] * 2 + [QUIET], 5),
        ((0, 50), [DISTURBED], 6),  # 54 ms: there is an end to waiting
    ],
)
def test_what_a_turn_runs_to_settle_does_not_count(settle_ms, samples, settling):
    recording, sampler = recording_of(samples, settle_ms)
    recording.take_turn()
    assert sampler.runs - recording.facts()["iterations"] == settling


def test_contention_is_counted_sample_by_sample():
    recording, _ = recording_of([QUIET, QUIET, DISTURBED])
    recording.take_turn()
    counted = recording.contention()
    assert counted == {"cpu": [1.0, 1.0], "waited": [0.0, 8.0], "preempted": [0, 1]}
    assert all(isinstance(value, int) for value in counted["preempted"])


def test_a_sampler_that_counts_nothing_has_no_contention_and_all_its_samples_are_judged():
    clock, asked = Clock(), Asked()
    sampler = host_samplers.HostSampler(Engine(clock, [2.0, 2.0, 50.0]).run, clock=clock)
    turn = measure.Budget(0, 2, 1e9)
    recording = measure.Recording(sampler, lambda: None, dict, (0.0, 0.0), turn, asked, clock)
    recording.take_turn()
    assert recording.contention() == {}
    assert asked.questions == [(2, 52.0, [2.0, 50.0])]


def test_a_launch_is_judged_by_its_undisturbed_samples_of_all_turns():
    asked = Asked()
    recording, _ = recording_of([QUIET, QUIET, DISTURBED, QUIET, QUIET, QUIET], enough=asked)
    for _ in range(2):
        assert recording.take_turn() is False
    assert asked.questions == [(2, 10.0, [1.0]), (4, 12.0, [1.0, 1.0, 1.0])]


def test_a_launch_that_was_mostly_disturbed_is_judged_by_its_cpu_time():
    asked = Asked()
    recording, _ = recording_of([QUIET] + [DISTURBED] * 9, settle_ms=(0, 0), enough=asked)
    recording.take_turn()
    assert asked.questions == [(2, 18.0, [1.0, 1.0])]


# When a launch has enough.

NOISE = np.random.default_rng(20211).standard_normal(100_000)


def ended(rule, samples, turn=1000):
    """Ask a rule after each turn of 1 ms samples until it has enough; how many samples it took."""
    for count in range(turn, len(samples) + 1, turn):
        if rule(count, float(count), lambda so_far=count: samples[:so_far]):
            return count
    return None


@pytest.mark.parametrize(
    ("rules", "count"),
    [
        ({"min_ms": 20, "min_samples": 3, "max_ms": 100}, 20),
        ({"min_ms": 10, "min_samples": 30, "max_ms": 100}, 30),
        ({"min_ms": 10, "min_samples": 300, "max_ms": 100}, 100),
    ],
)
def test_without_a_target_time_and_samples_are_enough(rules, count):
    enough = measure.Enough(**rules, target=None)
    assert ended(enough, np.ones(1000), turn=10) == count
    assert enough.facts == {"by": "time"}


def test_with_a_target_a_launch_ends_when_its_median_is_known():
    enough = measure.Enough(min_ms=10, min_samples=10, max_ms=1e9, target=0.01)
    assert ended(enough, 1 + 0.01 * NOISE) is not None
    facts = enough.facts
    assert (facts["by"], facts["why_not"]) == ("converged", None)
    assert facts["error"] <= 0.01
    assert facts["effective"] > 100
    assert facts["looks"] >= 1


def test_a_wider_scatter_takes_more_samples():
    taken = [
        ended(measure.Enough(10, 10, 1e9, target=0.01), 1 + width * NOISE) for width in (0.01, 0.5)
    ]
    assert taken[0] < taken[1]


def test_a_median_that_is_not_known_by_the_cap_has_not_converged_and_says_why():
    enough = measure.Enough(min_ms=10, min_samples=10, max_ms=20_000, target=1e-6)
    assert ended(enough, 1 + 0.01 * NOISE) == 20_000
    facts = enough.facts
    assert facts["by"] == "cap"
    assert facts["why_not"].startswith("error 0.0")
    assert facts["error"] > 1e-6


def test_a_launch_that_drifts_has_not_converged():
    enough = measure.Enough(min_ms=10, min_samples=10, max_ms=20_000, target=0.01)
    drifting = np.linspace(1.0, 1.5, len(NOISE)) + 0.001 * NOISE
    assert ended(enough, drifting) == 20_000
    assert enough.facts["by"] == "cap"


def test_when_all_looks_are_spent_the_launch_ends_before_its_cap():
    enough = measure.Enough(min_ms=10, min_samples=10, max_ms=1e9, target=1e-6)
    samples = np.tile(1 + 0.01 * NOISE, 10)
    assert ended(enough, samples) < len(samples)
    assert (enough.facts["by"], enough.facts["looks"]) == ("cap", 10)


def test_a_slow_launch_is_looked_at_when_its_time_is_over():
    enough = measure.Enough(min_ms=10, min_samples=500, max_ms=50, target=0.01)
    assert enough(3, 60.0, lambda: np.ones(3))
    assert enough.facts["by"] == "cap"
    assert enough.facts["error"] is None  # and no infinite one
    assert enough.facts["why_not"] == "3 of 500 samples"


def test_no_look_is_spent_while_too_few_are_left_to_judge_by():
    """Every second sample was disturbed: the looks wait for the others, and do not run out."""
    enough = measure.Enough(min_ms=10, min_samples=500, max_ms=1e9, target=0.01)
    samples = 1 + 0.01 * NOISE
    for count in range(10, 2000, 10):
        if enough(count, float(count), lambda so_far=count: samples[: so_far // 2]):
            break
    assert (enough.facts["by"], enough.facts["looks"], count) == ("converged", 1, 1000)


def test_before_the_minimum_nothing_converges():
    enough = measure.Enough(min_ms=30_000, min_samples=10, max_ms=1e9, target=0.01)
    assert ended(enough, 1 + 0.001 * NOISE) == 30_000
    assert enough.facts["by"] == "converged"
