"""The loops, on a clock that only moves when told: what they do is a function of the times."""

import gc

import numpy as np
import pytest

from retable_runner import measure


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
    sampler = measure.HostSampler(Engine(clock, times_ms).run, clock=clock)
    return measure.warm_up(sampler, measure.Steadiness(**rules), clock)


def measured(times_ms, post_ms=None, **rules):
    clock = Clock()
    post = None if post_ms is None else lambda outputs: clock.advance(post_ms)
    sampler = measure.HostSampler(Engine(clock, times_ms).run, post, clock)
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
    sampler = measure.HostSampler(Engine(clock, [1.0]).run, seen.append, clock)
    measure.repeat(sampler, measure.Budget(0, 3, 100), clock)
    assert seen == [["outputs", 1], ["outputs", 2], ["outputs", 3]]


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
