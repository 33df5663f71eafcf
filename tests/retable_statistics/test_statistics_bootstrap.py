import numpy as np
import pytest
from benchmarks.streams import autoregressive

from retable_statistics.bootstrap import bootstrap_interval


def launches(count=4, n=200, phi=0.5):
    return [autoregressive(phi).draw(seed, n) for seed in range(count)]


def width(estimate):
    return estimate.high - estimate.low


def test_the_value_is_the_median_over_launches_of_the_statistic():
    estimate = bootstrap_interval([[1.0, 2.0, 9.0], [4.0], [5.0, 7.0]], replicates=50)
    assert estimate.value == 4.0
    assert estimate.coverage == 0.95
    mean = bootstrap_interval([[1.0, 2.0, 9.0], [4.0], [5.0, 7.0]], np.mean, replicates=50)
    assert mean.value == 4.0
    assert bootstrap_interval([[1.0, 2.0, 9.0]], np.mean, replicates=50).value == 4.0


def test_the_same_seed_gives_the_same_interval_and_another_another():
    first, again = bootstrap_interval(launches()), bootstrap_interval(launches())
    other = bootstrap_interval(launches(), seed=1)
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert first.low == pytest.approx(other.low, rel=0.01)


def test_constant_launches_have_an_interval_of_no_width():
    assert bootstrap_interval([[3.0] * 10, [3.0] * 20], replicates=50)[:3] == (3.0, 3.0, 3.0)


def test_launches_that_differ_are_resampled_as_wholes():
    """Within each nothing varies: what is left is the median of six launches drawn anew, 1.5 to
    5.5 in 95 % of draws, and that stretched by sqrt(6 / 5)."""
    six = [[float(value)] * 30 for value in range(1, 7)]
    estimate = bootstrap_interval(six, replicates=2000)
    assert estimate.value == 3.5
    assert estimate.low == pytest.approx(3.5 - 2 * np.sqrt(6 / 5))
    assert estimate.high == pytest.approx(3.5 + 2 * np.sqrt(6 / 5))


def test_one_launch_is_resampled_within():
    estimate = bootstrap_interval([np.random.RandomState(0).permutation(100) + 1.0])
    assert 35 < estimate.low < 45
    assert 56 < estimate.high < 66


@pytest.mark.parametrize("place", [0, 5, 9])
def test_every_sample_is_drawn(place):
    launch = np.ones(10)
    launch[place] = 5.0
    assert bootstrap_interval([launch], np.max).high == 5.0


def test_blocks_keep_what_is_slow():
    """In random order the same samples would seem to tell more than they do."""
    slow = launches(phi=0.95, n=1000)
    mixed = [np.random.RandomState(0).permutation(launch) for launch in slow]
    apart = [bootstrap_interval([launch], replicates=300) for launch in slow]
    seeming = [bootstrap_interval([launch], replicates=300) for launch in mixed]
    assert np.mean([width(one) for one in apart]) > 2 * np.mean([width(one) for one in seeming])


def test_less_coverage_is_a_narrower_interval():
    assert width(bootstrap_interval(launches(), coverage=0.5)) < width(
        bootstrap_interval(launches())
    )


def test_long_launches_are_resampled_a_part_at_a_time(monkeypatch):
    whole = bootstrap_interval(launches(n=50), replicates=100)
    monkeypatch.setattr("retable_statistics.bootstrap.CHUNK", 120)
    parts = bootstrap_interval(launches(n=50), replicates=100)
    assert parts.value == whole.value
    assert parts.low == pytest.approx(whole.low, rel=0.02)
    assert parts.high == pytest.approx(whole.high, rel=0.02)


@pytest.mark.parametrize("wrong", [{"replicates": 0}, {"coverage": 0.0}, {"coverage": 1.0}])
def test_a_bootstrap_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="bootstrap"):
        bootstrap_interval(launches(), **wrong)


def test_no_launches_are_refused():
    with pytest.raises(ValueError, match="no launches"):
        bootstrap_interval([])
