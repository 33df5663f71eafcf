"""Simulated streams of latencies, in milliseconds, of which the truth is known.

A run of a stream is named by its seed, and its first n samples do not depend on how many are asked
for: a stopping rule may look at 5,000 of them, and then at 7,500.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

BASE = 10.0
SHORT = 5_000  # samples of a launch in which a fast drift has happened
LONG = 192_000  # samples of one in which a slow drift has


@dataclass(frozen=True)
class Stream:
    """A kind of stream.

    `draw(seed, n)` gives the first n samples of a run, shape (n,). `median` is that of the
    distribution which all samples have; None where they have none in common, or where a whole range
    of values halves it. `centres(n)` are the lowest and the highest value that anyone may hold for
    the median of the first n samples: what a value is judged by. `enough` samples tell as much as
    100 independent ones.
    """

    name: str
    draw: Callable[[int, int], Samples]
    median: float | None
    centres: Callable[[int], tuple[float, float]]
    enough: int

    def error(self, value: float, n: int) -> float:
        """How far a value is from the truth about the first n samples, at worst; 0.01 is 1 %."""
        return max(abs(value / centre - 1.0) for centre in self.centres(n))


def stationary(
    name: str, median: float, draw: Callable[[int, int], Samples], tau: float = 1.0
) -> Stream:
    """A stream whose samples share a distribution, with autocorrelation time `tau`."""
    return Stream(name, draw, median, lambda n: (median, median), math.ceil(100 * tau))


def autoregressive(phi: float) -> Stream:
    """x_i = phi * x_i-1 + noise, with a spread of 5 %: a clock that wanders."""

    def draw(seed: int, n: int) -> Samples:
        wander = _normal(seed, n) * math.sqrt(1 - phi**2)
        wander[:1] /= math.sqrt(1 - phi**2)
        # 1 / (1 - phi B), B the shift by one, is the product of 1 + (phi B)^(2^j) over j.
        lag, weight = 1, phi
        while lag < n and weight > 1e-16:
            wander[lag:] += weight * wander[:-lag].copy()
            lag, weight = 2 * lag, weight**2
        return BASE * (1 + 0.05 * wander)

    return stationary(f"AR(1), phi {phi:g}", BASE, draw, (1 + phi) / (1 - phi))


def two_states(
    share: float, factor: float, noise: float, dwell: float
) -> tuple[Callable[[int, int], Samples], float]:
    """How to draw samples at BASE or, in a `share` of time, at `factor` times that; and their tau.

    Both with a spread of `noise`. The state stays for `dwell` samples in the mean of both states;
    it is drawn anew at every sample where `dwell` is 0.
    """
    anew = (1 / share + 1 / (1 - share)) / 2 / dwell if dwell else 1.0

    def draw(seed: int, n: int) -> Samples:
        redrawn = _uniform(seed, n, 1) < anew
        redrawn[:1] = True
        last_redrawn = np.maximum.accumulate(np.where(redrawn, np.arange(n), 0))
        raised = (_uniform(seed, n, 2) < share)[last_redrawn]
        return BASE * np.where(raised, factor, 1.0) * (1 + noise * _normal(seed, n))

    return draw, (2 - anew) / anew


def modes(share: float, dwell: float) -> Stream:
    """Two modes 10 % apart, the upper one in a `share` of time, left after `dwell` samples."""
    draw, tau = two_states(share, 1.1, 0.01, dwell)
    name = f"two modes, {100 - 100 * share:.0f}/{100 * share:.0f}, " + (
        f"dwell {dwell:g}" if dwell else "independent"
    )
    if share == 0.5:  # all between the modes, where there are no samples, halves them
        return Stream(name, draw, None, lambda n: (BASE, 1.1 * BASE), math.ceil(100 * tau))
    return stationary(name, _two_state_median(share, 1.1, 0.01), draw, tau)


def bursts() -> Stream:
    """Twice the time in 10 % of it, for 30 samples on end in the mean: other work."""
    draw, tau = two_states(0.1, 2.0, 0.02, (30 + 270) / 2)
    return stationary("bursts", _two_state_median(0.1, 2.0, 0.02), draw, tau)


def drift(rise: float, samples: int) -> Stream:
    """Slower by `rise` after so many samples, in a line, and by more after more."""

    def draw(seed: int, n: int) -> Samples:
        return BASE * (1 + rise * np.arange(n) / samples) * (1 + 0.02 * _normal(seed, n))

    return Stream(
        f"drift of {rise:.0%} in {samples}",
        draw,
        None,
        lambda n: (BASE, BASE * (1 + rise * n / samples)),
        SHORT,
    )


def warm_up(decay: int) -> Stream:
    """Half as slow again at first, less by a factor e every `decay` samples; the truth is BASE."""

    def draw(seed: int, n: int) -> Samples:
        return BASE * (1 + 0.5 * np.exp(-np.arange(n) / decay)) * (1 + 0.02 * _normal(seed, n))

    return Stream(f"warm-up, decay {decay}", draw, None, lambda n: (BASE, BASE), SHORT)


def _normal(seed: int, n: int) -> Samples:
    return np.random.RandomState([seed, 0]).standard_normal(n)


def _uniform(seed: int, n: int, ingredient: int) -> Samples:
    return np.random.RandomState([seed, ingredient]).random_sample(n)


def _two_state_median(share: float, factor: float, noise: float) -> float:
    """By bisection of the mixture's distribution function."""

    def below(x: float) -> float:
        def normal(centre: float) -> float:
            return (1 + math.erf((x / centre - 1) / noise / math.sqrt(2))) / 2

        return (1 - share) * normal(BASE) + share * normal(factor * BASE)

    low, high = BASE / 2, 2 * factor * BASE
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < 0.5 else (low, middle)
    return low


STREAMS = (
    stationary("normal, 5 %", BASE, lambda seed, n: BASE * (1 + 0.05 * _normal(seed, n))),
    stationary("lognormal, 20 %", BASE, lambda seed, n: BASE * np.exp(0.2 * _normal(seed, n))),
    autoregressive(0.5),
    autoregressive(0.9),
    autoregressive(0.99),
    bursts(),
    modes(0.3, dwell=0),
    modes(0.3, dwell=50),
    modes(0.3, dwell=500),
    modes(0.5, dwell=0),
    modes(0.5, dwell=50),
    modes(0.5, dwell=500),
    drift(0.05, SHORT),
    drift(0.20, SHORT),
    drift(0.05, LONG),
    drift(0.20, LONG),
    warm_up(200),
    warm_up(2000),
)
