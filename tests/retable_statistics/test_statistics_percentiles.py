import numpy as np
import pytest
from benchmarks.streams import autoregressive, bursts

from retable_statistics.intervals import autocorrelation_time
from retable_statistics.percentiles import (
    has_enough,
    loadgen_percentile,
    lower_percentile,
    samples_needed,
    trtexec_percentile,
)

RULES = [trtexec_percentile, loadgen_percentile, lower_percentile]


def ranks(n):
    """The samples 1..n in some order: a percentile of them is its rank."""
    return np.random.RandomState(n).permutation(n) + 1.0


@pytest.mark.parametrize(
    ("n", "q", "trtexec", "loadgen", "lower"),
    [
        (1, 0.99, 1, 1, 1),
        (2, 0.99, 2, 2, 1),
        (10, 0.9, 9, 10, 9),
        (10, 0.5, 5, 6, 5),
        (100, 0.99, 100, 100, 99),  # trtexec leaves out int(0.99999905) = 0, not 1
        (101, 0.99, 100, 100, 100),
        (1000, 0.99, 991, 991, 990),
        (1000, 0.9, 900, 901, 900),
        (12345, 0.95, 11728, 11728, 11727),
    ],
)
def test_the_rules_differ_by_a_neighbour(n, q, trtexec, loadgen, lower):
    assert [rule(ranks(n), q) for rule in RULES] == [trtexec, loadgen, lower]


def test_the_lower_neighbour_is_numpys():
    for n in range(1, 400):
        samples = ranks(n)
        for percent in (1, 25, 50, 90, 95, 99, 99.9):
            expected = np.percentile(samples, percent, method="lower")
            assert lower_percentile(samples, percent / 100) == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_percentile_is_one_of_the_samples_and_grows_with_q(rule):
    samples = np.random.RandomState(0).lognormal(size=137)
    percentiles = [rule(samples, q) for q in np.linspace(0.001, 0.999, 50)]
    assert set(percentiles) <= set(samples)
    assert percentiles == sorted(percentiles)


def test_loadgens_published_bounds():
    """mlcommons/inference, issue 1629: 64 queries for the 90th percentile and 662 for the 99th."""
    assert samples_needed(0.9) == 64
    assert samples_needed(0.99) == 662


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95, 0.99])
def test_the_second_largest_of_the_samples_needed_is_rarely_too_small(q):
    """The binomial probability of at most one sample beyond the quantile; one sample fewer is not
    enough."""

    def at_most_one_beyond(n):
        return q**n + n * (1 - q) * q ** (n - 1)

    n = samples_needed(q)
    assert at_most_one_beyond(n) < 0.01 <= at_most_one_beyond(n - 1)


def test_a_low_quantile_needs_what_its_mirror_image_does():
    assert samples_needed(0.25) == samples_needed(0.75)


def test_dependent_samples_are_needed_in_proportion():
    assert samples_needed(0.99, tau=3) == 3 * 662
    assert samples_needed(0.99, tau=1.0005) == 663
    with pytest.raises(ValueError, match="tau"):
        samples_needed(0.99, tau=0.5)


def test_independent_samples_are_enough_from_the_bound_on():
    up_and_down = np.tile([1.0, 2.0], 331)  # tau is 1
    assert has_enough(up_and_down, 0.99) == (True, 662.0, 662)
    assert has_enough(up_and_down[1:], 0.99) == (False, 661.0, 662)


def test_slow_samples_count_for_less():
    enough, effective, needed = has_enough(autoregressive(0.99).draw(1, 2000), 0.9)
    assert (enough, needed) == (False, 64)
    assert 5 < effective < 60


def test_dependence_is_that_of_being_beyond_the_quantile():
    """Bursts hardly show at the median, however slow they are themselves."""
    samples = bursts().draw(0, 5000)
    _, effective, _ = has_enough(samples, 0.5)
    assert effective > 3 * 5000 / autocorrelation_time(samples)


def test_one_sample_is_not_enough():
    assert has_enough([3.0], 0.5) == (False, 1.0, 11)
