import math

import numpy as np
import pytest
from benchmarks.streams import autoregressive, modes

from retable_statistics.intervals import (
    Interval,
    autocorrelation_time,
    quantile_interval,
    relative_error,
)


def shuffled(n):
    return np.random.RandomState(1).permutation(n) + 1.0


@pytest.mark.parametrize(
    "samples", [[5.0], [1.0, 2.0, 3.0], [7.0] * 50], ids=["1", "3", "constant"]
)
def test_nothing_to_see_is_an_autocorrelation_time_of_one(samples):
    assert autocorrelation_time(samples) == 1.0


def test_alternating_samples_tell_no_less_than_independent_ones():
    assert autocorrelation_time([1.0, 2.0] * 50) == 1.0


def test_the_autocorrelation_time_of_a_known_series():
    """Of 0 0 1 1: the covariances are 4/4, 1/4, -2/4, -1/4 of the variance, ended at -3/4."""
    assert autocorrelation_time([0.0, 0.0, 1.0, 1.0]) == pytest.approx(2 * (1 + 0.25) - 1)


def test_the_sum_of_correlations_does_not_wrap_around():
    """A step: with the end taken to be before the start, it would look like a square wave."""
    n = 64
    samples = np.repeat([0.0, 1.0], n // 2)
    centred = samples - 0.5
    rho = np.array([centred[: n - k] @ centred[k:] for k in range(n)]) / (centred @ centred)
    pairs = rho.reshape(-1, 2).sum(axis=1)
    expected = 2 * pairs[: np.argmax(pairs <= 0)].sum() - 1
    assert autocorrelation_time(samples) == pytest.approx(expected)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_the_autocorrelation_time_of_an_ar_1_series(phi):
    """(1 + phi) / (1 - phi), by its geometric correlations."""
    times = [autocorrelation_time(autoregressive(phi).draw(seed, 20_000)) for seed in range(10)]
    assert np.mean(times) == pytest.approx((1 + phi) / (1 - phi), rel=0.06)


def test_the_bounds_are_the_order_statistics_of_the_binomial():
    """h = 1.96 * sqrt(100 / 4) = 9.8: ranks floor(50 - 9.8) = 40 and ceil(50 + 9.8) + 1 = 61."""
    up_and_down = np.ravel(np.column_stack([np.arange(1.0, 51), np.arange(51.0, 101)]))  # tau is 1
    assert quantile_interval(up_and_down) == Interval(50.5, 40.0, 61.0, 1.0, 100)


def test_dependent_samples_are_taken_with_the_error_of_their_autocorrelation_time():
    """Three low, three high: rho_1 = 201/600, then negative. tau = 2 * 1.335 - 1, its error
    tau * sqrt(2 * 3 / 600); h = 1.96 * sqrt(150 * 1.837) = 32.5."""
    low, high = np.arange(1.0, 301).reshape(100, 3), np.arange(301.0, 601).reshape(100, 3)
    interval = quantile_interval(np.column_stack([low, high]).ravel())
    assert interval == Interval(300.5, 267.0, 334.0, pytest.approx(1.67), 600)


def test_the_bounds_of_a_tail_quantile():
    """h = 1.96 * sqrt(1000 * 0.09) = 18.6: ranks floor(900 - 18.6) and ceil(900 + 18.6) + 1."""
    each_tenth_high = np.column_stack([np.arange(1.0, 901).reshape(100, 9), np.arange(901.0, 1001)])
    interval = quantile_interval(each_tenth_high.ravel(), q=0.9)  # tau is 1
    assert interval == Interval(pytest.approx(900.1), 881.0, 920.0, 1.0, 1000)


@pytest.mark.parametrize(
    ("q", "low", "high"), [(0.01, False, True), (0.5, True, True), (0.99, True, False)]
)
def test_a_bound_beyond_the_samples_is_infinite(q, low, high):
    interval = quantile_interval(shuffled(300), q)
    assert (math.isfinite(interval.low), math.isfinite(interval.high)) == (low, high)


@pytest.mark.parametrize("n", [1, 5, 14])
def test_few_samples_have_no_interval(n):
    interval = quantile_interval(shuffled(n))
    assert (interval.low, interval.high, interval.n) == (-math.inf, math.inf, n)
    assert interval.value == np.median(shuffled(n))
    assert relative_error(interval) == math.inf


def test_a_series_too_short_for_its_slowness_has_no_interval():
    """200 samples of AR(1) with phi 0.99 tell as much as two independent ones."""
    slow = autoregressive(0.99)
    ends = [quantile_interval(slow.draw(seed, 200)).high for seed in range(100)]
    assert np.mean(np.isinf(ends)) > 0.9


def test_constant_samples_have_an_interval_of_no_width():
    assert quantile_interval([4.0] * 100) == Interval(4.0, 4.0, 4.0, 1.0, 100)


def test_slow_samples_have_wider_intervals_than_the_same_in_random_order():
    slow = autoregressive(0.9).draw(3, 5000)
    mixed = np.random.RandomState(3).permutation(slow)
    assert relative_error(quantile_interval(slow)) > 2 * relative_error(quantile_interval(mixed))


def test_a_wider_z_gives_a_wider_interval():
    narrow, wide = (quantile_interval(shuffled(1000), z=z) for z in (1.96, 2.81))
    assert wide.low < narrow.low < narrow.value == wide.value < narrow.high < wide.high


def test_an_interval_of_two_equal_modes_spans_both():
    interval = quantile_interval(modes(0.5, dwell=0).draw(1, 1000))
    assert interval.low < 10.3 < 10.7 < interval.high


def test_the_interval_follows_the_unit():
    samples = autoregressive(0.5).draw(5, 500)
    value, low, high, tau, n = quantile_interval(samples)
    assert quantile_interval(samples * 1000) == pytest.approx(
        (value * 1000, low * 1000, high * 1000, tau, n)
    )


def test_the_relative_error_is_half_the_width_over_the_value():
    assert relative_error(Interval(10.0, 9.5, 10.7, 1.0, 100)) == pytest.approx(0.06)
    assert relative_error(Interval(0.0, 0.0, 0.0, 1.0, 100)) == math.inf
