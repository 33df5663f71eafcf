"""Stated intervals hold the truth, and what is called converged is right: on simulated streams.

Seeded, and a part of what `python -m benchmarks.coverage` does with more runs.
"""

import numpy as np
import pytest
from benchmarks.coverage import (
    STICKY,
    TARGET,
    bootstrap_holds,
    case_error,
    interval_holds,
    launches_hold,
    measured,
)
from benchmarks.streams import LONG, SHORT, STREAMS, autoregressive, modes

from retable.config.budget import BUDGETS
from retable_statistics.intervals import quantile_interval

HOLDS = 0.93  # of runs, of intervals for 95 % or more
WRONG = 2 * TARGET

WITH_MEDIAN = [stream for stream in STREAMS if stream.median is not None]
QUICK = [stream for stream in WITH_MEDIAN if stream.enough <= 300]
SLOW = 10_000  # `enough` from which a run takes ten times as long


def runs(stream, most):
    return most if stream.enough <= SLOW else most // 3


def share(holds, stream, most):
    return np.mean([holds(stream, seed) for seed in range(runs(stream, most))])


def named(streams):
    return pytest.mark.parametrize("stream", streams, ids=lambda stream: stream.name)


@named(WITH_MEDIAN)
def test_the_interval_of_enough_samples_holds_the_median(stream):
    assert share(interval_holds, stream, 300) >= HOLDS


@pytest.mark.parametrize("n", [20, 50, 100, 200, 500, 1000])
@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.99])
def test_the_interval_of_too_few_samples_is_infinite_rather_than_wrong(phi, n):
    stream = autoregressive(phi)
    intervals = [quantile_interval(stream.draw(seed, n)) for seed in range(200)]
    assert np.mean([one.low <= stream.median <= one.high for one in intervals]) >= HOLDS


@named(WITH_MEDIAN)
def test_the_interval_of_the_launches_holds_the_median(stream):
    assert share(launches_hold, stream, 150) >= HOLDS


@named(QUICK)
def test_the_bootstrap_holds_the_median(stream):
    assert share(bootstrap_holds, stream, 150) >= HOLDS


@named(WITH_MEDIAN)
def test_what_converges_is_right_and_its_interval_holds_the_median(stream):
    rules = [measured(stream, seed) for seed in range(runs(stream, 75))]
    ended = [rule.interval for rule in rules if rule.converged]
    assert len(ended) > 0.9 * len(rules)
    assert np.mean([one.low <= stream.median <= one.high for one in ended]) >= HOLDS
    assert max(stream.error(one.value, one.n) for one in ended) <= WRONG


@named([stream for stream in STREAMS if stream.median is None])
def test_nothing_is_called_converged_that_is_wrong(stream):
    rules = [measured(stream, seed) for seed in range(15)]
    ended = [rule.interval for rule in rules if rule.converged]
    assert all(stream.error(one.value, one.n) <= WRONG for one in ended)


@pytest.mark.parametrize("dwell", [0, 50, 500])
def test_two_equal_modes_never_converge(dwell):
    assert not any(measured(modes(0.5, dwell), seed).converged for seed in range(3))


def test_a_launch_shorter_than_a_state_cannot_tell():
    """Why the rule waits for 5,000 samples: what the smaller number costs."""
    rules = [measured(modes(0.5, dwell=500), seed, min_samples=100) for seed in range(20)]
    assert np.mean([rule.converged for rule in rules]) > 0.5


@pytest.mark.parametrize("preset", ["standard", "strict"])
@named(STICKY)
def test_no_case_of_a_preset_is_called_converged_that_is_wrong(stream, preset):
    """The presets look sooner than the rule would by itself; their launches must agree besides."""
    errors = [case_error(stream, seed, BUDGETS[preset]) for seed in range(40)]
    assert all(error <= WRONG for error in errors if error is not None)


def test_the_streams_are_what_they_are_called():
    """The medians and the errors that the tests above trust."""
    for stream in WITH_MEDIAN:
        drawn = np.concatenate([stream.draw(seed, stream.enough) for seed in range(1000, 1040)])
        below = np.mean(drawn <= stream.median)
        assert below == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(40 * 100))
    by_name = {stream.name: stream for stream in STREAMS}
    assert by_name["bursts"].error(20.0, 100) == pytest.approx(0.994, abs=0.001)
    assert modes(0.5, 0).error(10.0, 100) == pytest.approx(1 - 1 / 1.1)
    assert by_name[f"drift of 20% in {SHORT}"].error(10.0, SHORT) == pytest.approx(1 - 1 / 1.2)
    assert by_name[f"drift of 20% in {LONG}"].error(10.0, SHORT) < 0.006


@named(STREAMS)
def test_a_run_does_not_depend_on_how_much_of_it_is_asked_for(stream):
    assert stream.draw(7, 2000)[:300].tolist() == stream.draw(7, 300).tolist()
