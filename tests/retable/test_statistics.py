"""The statistics by their published names; their maths is tested in tests/retable_statistics."""

import numpy as np
import pytest

from retable.statistics import STATISTICS

SAMPLES = np.array([2.0, 10.0, 1.0, 5.0, 4.0, 2.0])


@pytest.mark.parametrize(
    ("name", "value"),
    [("mean", 4.0), ("median", 3.0), ("min", 1.0), ("p99", 5.0), ("images_per_second", 425.0)],
)
def test_statistics_of_known_samples(name, value):
    assert STATISTICS[name].of(SAMPLES) == pytest.approx(value)


def test_p99_is_a_sample_and_the_lower_of_two():
    of = STATISTICS["p99"].of
    assert of(np.arange(1.0, 101.0)) == 99.0
    assert of(np.arange(1.0, 102.0)) == 100.0
    assert of(np.array([3.0])) == 3.0


def test_images_per_second_is_the_mean_of_rates_not_the_rate_of_the_mean():
    rate = STATISTICS["images_per_second"].of(np.array([10.0, 40.0]))
    assert rate == pytest.approx((100 + 25) / 2)


def test_what_is_slow_belongs_to_a_tail_and_to_no_other_statistic():
    assert {name for name, one in STATISTICS.items() if one.of_all} == {"p99"}


def test_a_tail_of_few_samples_is_not_told_and_says_how_many_it_needs():
    shortage = STATISTICS["p99"].shortage(SAMPLES)
    assert shortage == "needs 662 independent samples a launch; there are 6"


def test_samples_that_come_in_waves_count_for_less():
    """5000 in the order of chance are enough; 5000 that rise and fall slowly are not."""
    chance = np.random.default_rng(20211)
    assert STATISTICS["p99"].shortage(1 + chance.random(5000)) is None
    waves = 2 + np.sin(np.arange(5000) * 2 * np.pi / 1000)
    assert "needs 662 independent samples" in STATISTICS["p99"].shortage(waves)


@pytest.mark.parametrize("name", sorted(STATISTICS.keys() - {"p99"}))
def test_others_are_told_of_a_single_sample(name):
    assert STATISTICS[name].shortage(np.array([2.0])) is None
