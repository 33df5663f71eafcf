import numpy as np
import pytest

from retable_statistics.drift import has_steady_state, relative_drift, theil_sen


def noise(n, spread=0.02, seed=0):
    return 1 + spread * np.random.RandomState(seed).standard_normal(n)


def test_the_slope_of_a_line_is_exact():
    x = np.array([0.0, 1.0, 5.0, 7.0])
    assert theil_sen(x, 3 - 0.25 * x) == -0.25


def test_the_slope_is_the_median_over_pairs():
    """Of (0, 0), (1, 1), (2, 4): slopes 1, 2 and 3."""
    assert theil_sen([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]) == 2.0


def test_a_quarter_of_outliers_does_not_move_the_slope():
    x = np.arange(100.0)
    y = 2 * x
    y[::4] = 1e6
    assert theil_sen(x, y) == pytest.approx(2.0, rel=0.01)


def test_points_at_the_same_x_have_no_slope_between_them():
    assert theil_sen([0.0, 0.0, 1.0], [0.0, 2.0, 3.0]) == 2.0
    with pytest.raises(ValueError, match="no slope"):
        theil_sen([1.0, 1.0], [1.0, 2.0])


@pytest.mark.parametrize(("x", "y"), [([1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_what_has_no_pairs_is_refused(x, y):
    with pytest.raises(ValueError, match="at least|paired"):
        theil_sen(x, y)


def test_five_hundred_points_are_taken_as_they_are():
    x = np.arange(500.0)
    y = noise(500, 1.0)
    slopes = [(y[j] - y[:j]) / (x[j] - x[:j]) for j in range(1, 500)]
    assert theil_sen(x, y) == np.median(np.concatenate(slopes))


@pytest.mark.parametrize("n", [499, 500, 501, 999, 1000, 1001, 100_003])
def test_a_long_series_has_the_slope_of_its_chunks(n):
    x = np.arange(float(n))
    assert theil_sen(x, 5 + 0.125 * x) == pytest.approx(0.125)
    assert theil_sen(x, 5 + 0.125 * x + noise(n)) == pytest.approx(0.125, rel=0.1)


@pytest.mark.parametrize("n", [200, 5000])
@pytest.mark.parametrize("rise", [0.2, 0.05, 0.0, -0.1])
def test_a_drift_is_the_rise_over_the_median(n, rise):
    samples = 7 * (1 + rise * np.linspace(0, 1, n))
    assert relative_drift(samples) == pytest.approx(rise / (1 + rise / 2), abs=1e-6)
    assert relative_drift(samples * noise(n)) == pytest.approx(rise / (1 + rise / 2), abs=0.015)


def test_spikes_are_no_drift():
    samples = noise(1000)
    samples[900:] *= 10
    assert abs(relative_drift(samples)) < 0.02


def test_one_sample_and_constant_samples_do_not_drift():
    assert relative_drift([3.0]) == 0.0
    assert relative_drift([3.0] * 2000) == 0.0


def test_a_median_of_zero_has_no_relative_drift():
    assert relative_drift([0.0, 1.0, 1.0]) == 1.0
    with pytest.raises(ValueError, match="above 0"):
        relative_drift([0.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("quarters", "steady"),
    [
        ((9.0, 5.0, 1.0, 1.0), True),
        ((1.0, 1.0, 1.0, 1.009), True),
        ((1.0, 1.0, 1.0, 1.011), False),
        ((1.0, 1.0, 1.011, 1.0), False),
    ],
)
def test_the_last_two_quarters_tell_of_a_steady_state(quarters, steady):
    assert has_steady_state(np.repeat(quarters, 25)) is steady


def test_what_has_no_quarters_is_not_known_to_be_steady():
    assert not has_steady_state([1.0])
    assert not has_steady_state([1.0, 1.0, 1.0])
    assert has_steady_state([1.0, 1.0, 1.0, 1.0])


def test_an_outlier_does_not_end_a_steady_state():
    samples = np.ones(100)
    samples[-1] = 50.0
    assert has_steady_state(samples)
