import numpy as np
import pytest

from retable.statistics import (
    STATISTICS,
    across_launches,
    images_per_second,
    p99_lower,
    paired_ratio,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [("mean", 4.0), ("median", 3.0), ("min", 1.0), ("p99", 5.0), ("images_per_second", 425.0)],
)
def test_statistics_of_known_samples(name, value):
    samples = np.array([2.0, 10.0, 1.0, 5.0, 4.0, 2.0])
    assert STATISTICS[name](samples) == pytest.approx(value)


def test_p99_is_a_sample_and_the_lower_of_two():
    assert p99_lower(np.arange(1.0, 101.0)) == 99.0
    assert p99_lower(np.arange(1.0, 102.0)) == 100.0
    assert p99_lower(np.array([3.0])) == 3.0


def test_images_per_second_is_the_mean_of_rates_not_the_rate_of_the_mean():
    assert images_per_second(np.array([10.0, 40.0])) == pytest.approx((100 + 25) / 2)


def test_the_interval_is_the_range_of_the_launches():
    estimate = across_launches([3.0, 1.0, 2.0, 9.0])
    assert (estimate.value, estimate.low, estimate.high) == (2.5, 1.0, 9.0)


@pytest.mark.parametrize(("launches", "coverage"), [(1, 0.0), (2, 0.5), (3, 0.75), (6, 0.96875)])
def test_the_coverage_is_what_the_number_of_launches_gives(launches, coverage):
    assert across_launches(list(range(launches))).coverage == coverage


@pytest.mark.parametrize("launches", [2, 3, 6])
def test_intervals_cover_as_often_as_they_say(launches):
    """Of skewed launches (log-normal, median 1), as latency's are."""
    chance = np.random.default_rng(20211)
    trials = 4000
    draws = chance.lognormal(0.0, 0.5, (trials, launches))
    estimates = [across_launches(list(draw)) for draw in draws]
    covered = np.mean([estimate.low <= 1 <= estimate.high for estimate in estimates])
    coverage = estimates[0].coverage
    assert covered == pytest.approx(coverage, abs=4 * np.sqrt(coverage * (1 - coverage) / trials))


def test_a_ratio_pairs_the_launches_of_a_round():
    """What slows a round slows both of its launches, and leaves their ratio alone."""
    ratio = paired_ratio([2.0, 20.0, 4.0], [1.0, 10.0, 2.0])
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    ratio = paired_ratio([1.0, 2.0, 8.0], [1.0, 1.0, 1.0])
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2.0, 1.0, 8.0))
    assert ratio.coverage == 0.75


def test_a_ratio_turned_over_is_its_inverse():
    ratio = paired_ratio([1.0, 3.0, 8.0, 2.0], [2.0, 2.0, 3.0, 5.0])
    inverse = paired_ratio([2.0, 2.0, 3.0, 5.0], [1.0, 3.0, 8.0, 2.0])
    assert (inverse.value, inverse.low, inverse.high) == pytest.approx(
        (1 / ratio.value, 1 / ratio.high, 1 / ratio.low)
    )


def test_scaling_moves_the_whole_interval():
    scaled = across_launches([1.0, 2.0, 4.0]).scaled(0.5)
    assert (scaled.value, scaled.low, scaled.high, scaled.coverage) == (1.0, 0.5, 2.0, 0.75)
