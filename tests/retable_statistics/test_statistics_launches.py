import math

import numpy as np
import pytest

from retable_statistics.launches import (
    Estimate,
    beyond_floor,
    median_of_launches,
    noise_floor,
    paired_ratio,
    quotient,
    widened,
)


@pytest.mark.parametrize(
    ("k", "low", "high", "coverage"),
    [
        (1, 1, 1, 0.0),
        (2, 1, 2, 0.5),
        (3, 1, 3, 0.75),
        (5, 1, 5, 0.9375),
        (6, 1, 6, 0.96875),
        (8, 1, 8, 1 - 2 / 256),  # ranks 2..7 have 93.0 %
        (9, 2, 8, 1 - 2 * 10 / 512),
        (10, 2, 9, 1 - 2 * 11 / 1024),
        (20, 6, 15, 1 - 2 * 21700 / 2**20),
    ],
)
def test_the_interval_is_the_narrowest_pair_of_ranks_that_is_sure_enough(k, low, high, coverage):
    launches = np.random.RandomState(k).permutation(k) + 1.0
    estimate = median_of_launches(launches)
    assert estimate == Estimate((k + 1) / 2, low, high, pytest.approx(coverage))


@pytest.mark.parametrize("k", [2, 3, 6, 10])
def test_intervals_of_launches_cover_as_often_as_they_say(k):
    """Of skewed launches (log-normal, median 1), as latency's are."""
    chance = np.random.RandomState(20211)
    trials = 4000
    estimates = [median_of_launches(launches) for launches in chance.lognormal(0, 0.5, (trials, k))]
    covered = np.mean([estimate.low <= 1 <= estimate.high for estimate in estimates])
    coverage = estimates[0].coverage
    assert covered == pytest.approx(coverage, abs=4 * np.sqrt(coverage * (1 - coverage) / trials))


def test_scaling_moves_the_whole_interval():
    assert median_of_launches([1.0, 2.0, 4.0]).scaled(0.5) == (1.0, 0.5, 2.0, 0.75)


def test_a_ratio_pairs_the_launches_of_a_round():
    """What slows a round slows both of its launches, and leaves their ratio alone."""
    assert paired_ratio([2.0, 20.0, 4.0], [1.0, 10.0, 2.0]) == pytest.approx((2.0, 2.0, 2.0, 0.75))
    assert paired_ratio([1.0, 2.0, 8.0], [1.0, 1.0, 1.0]) == pytest.approx((2.0, 1.0, 8.0, 0.75))


def test_a_ratio_turned_over_is_its_inverse():
    above, below = [1.0, 3.0, 8.0, 2.0], [2.0, 2.0, 3.0, 5.0]
    ratio, inverse = paired_ratio(above, below), paired_ratio(below, above)
    assert inverse[:3] == pytest.approx((1 / ratio.value, 1 / ratio.high, 1 / ratio.low))


@pytest.mark.parametrize(
    ("above", "below", "complaint"),
    [
        ([1.0, 2.0], [1.0], "cannot be paired"),
        ([1.0, 0.0], [1.0, 2.0], "above zero"),
        ([1.0, 2.0], [1.0, -2.0], "above zero"),
    ],
)
def test_what_has_no_ratio_is_refused(above, below, complaint):
    with pytest.raises(ValueError, match=complaint):
        paired_ratio(above, below)


def test_the_noise_floor_is_the_farther_end_of_the_a_a_pair():
    assert noise_floor([1.0, 1.02, 0.99], [1.0, 1.0, 1.0]) == pytest.approx(0.02)
    assert noise_floor([1.0, 1.0, 0.8], [1.0, 1.02, 1.0]) == pytest.approx(0.25)
    assert noise_floor([3.0, 4.0], [3.0, 4.0]) == 0.0


def test_the_noise_floor_does_not_depend_on_which_of_the_pair_is_first():
    first, second = [1.0, 1.1, 1.3], [1.05, 1.0, 1.2]
    assert noise_floor(first, second) == pytest.approx(noise_floor(second, first))


@pytest.mark.parametrize(
    ("value", "beyond"), [(1.0, False), (1.24, False), (1.26, True), (0.81, False), (0.79, True)]
)
def test_slower_and_faster_by_the_same_factor_are_the_same_difference(value, beyond):
    assert beyond_floor(Estimate(value, 0.5, 2.0, 0.95), 0.25) is beyond


def test_a_ratios_interval_is_no_narrower_than_the_noise():
    narrow = Estimate(2.0, 1.99, 2.01, 0.95)
    assert widened(narrow, 0.25) == pytest.approx((2.0, 1.6, 2.5, 0.95))
    wide = Estimate(2.0, 1.0, 4.0, 0.95)
    assert widened(wide, 0.25) == wide
    assert widened(Estimate(2.0, 1.0, 2.01, 0.95), 0.25) == pytest.approx((2.0, 1.0, 2.5, 0.95))


def test_no_difference_is_within_the_widened_interval():
    """What the floor swallows, the interval shows: 1 lies in it."""
    ratio = Estimate(1.2, 1.19, 1.21, 0.95)
    assert not beyond_floor(ratio, 0.25)
    assert widened(ratio, 0.25).low < 1.0
    assert beyond_floor(ratio, math.expm1(0.1))
    assert widened(ratio, math.expm1(0.1)).low > 1.0


def test_a_quotient_goes_from_end_to_farthest_end_and_holds_where_both_do():
    above, below = Estimate(4.0, 3.0, 6.0, 0.97), Estimate(2.0, 1.5, 3.0, 0.75)
    assert quotient(above, below) == pytest.approx((2.0, 1.0, 4.0, 0.72))
    assert quotient(above, below._replace(coverage=0.0)).coverage == 0
