import numpy as np
import pytest

from retable_statistics.outliers import mad_outliers


def test_the_cut_is_at_three_and_a_half_modified_deviations():
    """1..9: median 5, MAD 2, so that 3.5 is reached at 5 +- 3.5 * 2 / 0.6745 = 5 +- 10.38."""
    nine = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert not mad_outliers(nine).any()
    assert mad_outliers([15.3, *nine[1:-1], -5.3]).tolist() == [False] * 9
    assert mad_outliers([15.4, *nine[1:-1], -5.4]).tolist() == [True, *[False] * 7, True]


def test_a_lower_cut_marks_more():
    samples = np.random.RandomState(0).standard_normal(1000)
    assert mad_outliers(samples, cut=2.0).sum() > 30 > 5 > mad_outliers(samples).sum()


def test_a_few_outliers_do_not_hide_each_other():
    """Their own spread would: the standard deviation's z-score of each is under 3.5."""
    samples = np.concatenate([np.random.RandomState(0).normal(10, 0.1, 40), [30.0] * 10])
    assert mad_outliers(samples).tolist() == [False] * 40 + [True] * 10


def test_where_most_samples_are_equal_the_mean_deviation_decides():
    """A part p that lies d away has the score d / (1.2533 * p * d): over 3.5 for p under 0.228."""
    assert mad_outliers([2.0] * 99 + [2.1]).tolist() == [False] * 99 + [True]
    assert mad_outliers([2.0] * 78 + [2.1] * 22).tolist() == [False] * 78 + [True] * 22
    assert not mad_outliers([2.0] * 76 + [2.1] * 24).any()


@pytest.mark.parametrize("samples", [[1.0], [5.0] * 20])
def test_constant_samples_have_no_outliers(samples):
    assert mad_outliers(samples).tolist() == [False] * len(samples)
