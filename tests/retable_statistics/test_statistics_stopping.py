import math

import numpy as np
import pytest
from benchmarks.streams import BASE, Samples, autoregressive, bursts, modes

from retable_statistics.intervals import autocorrelation_time, quantile_interval, relative_error
from retable_statistics.stopping import MAX_LOOKS, Convergence


def steady(n: int, spread: float = 0.02, seed: int = 0) -> Samples:
    return BASE * (1 + spread * np.random.RandomState(seed).standard_normal(n))


def test_a_steady_launch_converges_at_the_first_look():
    rule = Convergence(target=0.01)
    assert (rule.next_look, rule.looks, rule.converged) == (5000, 0, False)
    assert rule.look(steady(5000)) is True
    assert (rule.converged, rule.exhausted, rule.looks, rule.why_not) == (True, False, 1, None)
    assert rule.interval == quantile_interval(steady(5000), 0.5, z=2.81)
    assert rule.error == relative_error(rule.interval) < 0.002
    assert rule.effective > 4000


def test_constant_samples_converge():
    rule = Convergence(target=0.01)
    assert rule.look([BASE] * 5000)
    assert rule.error == 0.0


def test_looks_come_when_half_as_many_samples_again_are_there():
    rule = Convergence(target=1e-6, min_samples=100)
    rule.look(steady(100))
    assert rule.next_look == 150
    rule.look(steady(201))  # the caller was late
    assert rule.next_look == 302


def test_an_early_look_tells_the_error_and_does_not_converge():
    """As at the end of a launch's time, with too few samples."""
    rule = Convergence(target=0.01)
    assert not rule.look(steady(300))
    assert rule.why_not == "300 of 5000 samples"
    assert 0 < rule.error < 0.01
    assert rule.next_look == 5000


def test_after_ten_looks_the_rule_is_exhausted():
    rule = Convergence(target=1e-6, min_samples=100)
    for look in range(MAX_LOOKS):
        assert not rule.exhausted
        assert not rule.look(steady(100 * (look + 1)))
    assert rule.exhausted
    assert not rule.converged
    assert rule.why_not.startswith("error ")
    with pytest.raises(ValueError, match="come to its end after 10 looks"):
        rule.look(steady(2000))


def test_convergence_at_the_tenth_look_is_convergence():
    rule = Convergence(target=0.01)
    for _ in range(MAX_LOOKS - 1):
        assert not rule.look(steady(200))
    assert rule.look(steady(5000))
    assert not rule.exhausted


def test_a_converged_rule_is_not_asked_again():
    rule = Convergence(target=0.01)
    rule.look(steady(5000))
    with pytest.raises(ValueError, match="come to its end after 1 looks"):
        rule.look(steady(7500))


def test_an_error_above_the_target_is_not_convergence():
    samples = steady(5000, spread=0.1)
    rule = Convergence(target=0.003)
    assert not rule.look(samples)
    assert rule.why_not == f"error {rule.error:.2%}, target 0.30%"
    assert Convergence(target=2 * rule.error).look(samples)


def test_slow_samples_are_too_few_independent_ones():
    rule = Convergence(target=0.5)
    assert not rule.look(autoregressive(0.99).draw(0, 5000))
    assert rule.why_not == f"{rule.effective:.0f} of 100 independent samples"
    assert 10 < rule.effective < 60
    assert Convergence(target=0.5).look(autoregressive(0.99).draw(0, 150_000))


def test_rare_bursts_are_slow_though_the_median_hardly_shows_them():
    rule = Convergence(target=0.5, min_samples=2000)
    assert not rule.look(bursts().draw(0, 2000))
    assert rule.effective < 100 < 2000 / rule.interval.tau


def test_outliers_do_not_hide_what_is_slow():
    """They make the samples' own autocorrelation vanish, but not that of lying under the median."""
    samples = autoregressive(0.99).draw(0, 6_000)
    samples[np.random.RandomState(0).permutation(6_000)[:60]] *= 100
    rule = Convergence(target=0.5)
    assert not rule.look(samples)
    assert rule.effective < 100 < 1000 < 6_000 / autocorrelation_time(samples)


def test_a_mode_within_reach_is_not_convergence():
    """The 99.5 % interval of the median lies within the lower mode, which has 53 % of samples."""
    lower, upper = steady(2650, 0.005), 1.1 * steady(2350, 0.005, seed=1)
    samples = np.random.RandomState(2).permutation(np.concatenate([lower, upper]))
    rule = Convergence(target=0.01)
    assert not rule.look(samples)
    assert rule.error < 0.01
    assert rule.why_not.startswith("another mode ")


def test_a_mode_out_of_reach_is():
    rule = Convergence(target=0.01)
    assert rule.look(modes(0.3, dwell=0).draw(0, 5000))


def test_a_drift_is_not_convergence_even_within_the_target():
    rising = steady(5000, 0.1) * np.linspace(1, 1.025, 5000)
    rule = Convergence(target=0.02)
    assert not rule.look(rising)
    assert rule.error < 0.02
    assert rule.why_not.startswith("drift +")
    falling = Convergence(target=0.02)
    assert not falling.look(rising[::-1])
    assert falling.why_not.startswith("drift -")


def test_a_tail_quantile_needs_its_own_number_of_samples():
    samples = steady(600, 0.001)
    median, tail = Convergence(0.01, min_samples=100), Convergence(0.01, q=0.99, min_samples=100)
    assert median.next_look == 100
    assert tail.next_look == 662
    assert median.look(samples)
    assert not tail.look(samples)
    assert tail.why_not == "600 of 662 samples"


def test_the_quantile_that_is_asked_for_is_the_one_that_is_judged():
    rule = Convergence(0.01, q=0.9)
    rule.look(steady(5000))
    assert rule.interval.value == pytest.approx(BASE * (1 + 0.02 * 1.2816), rel=0.002)


@pytest.mark.parametrize("target", [0.0, -0.01, math.nan])
def test_a_target_is_above_zero(target):
    with pytest.raises(ValueError, match="target"):
        Convergence(target)
