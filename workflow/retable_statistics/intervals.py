"""The interval of a quantile from samples that follow one another and need not be independent.

A slow process (a clock that wanders, bursts of other work) makes neighbours alike: n samples then
tell as much as n / tau independent ones. What a launch is too short to show (a state that lasts
longer than the launch) is not in its samples, and no interval of theirs knows of it.
"""

import math
from typing import NamedTuple

import numpy as np

from retable_statistics.arrays import fraction, series

# With fewer independent samples tau is too uncertain: simulated intervals of slow series held the
# truth less often than they said; with 15 they do, down to 20 samples (benchmarks/coverage.py).
LEAST_EFFECTIVE = 15


class Interval(NamedTuple):
    """A quantile of n samples and where it may truly be: value, low and high in their unit."""

    value: float
    low: float
    high: float
    tau: float
    n: int


def autocorrelation_time(samples):
    """Return tau >= 1 of a series: how many of its samples tell as much as one independent one.

    tau = 1 + 2 * sum(rho_k), the sum ending before the first pair rho_2m + rho_2m+1 that is not
    positive (Geyer 1992, Practical Markov chain Monte Carlo, 3.3: initial positive sequence). 1.0
    for fewer than four samples and for constant ones.
    """
    return _correlation(series(samples))[0]


def quantile_interval(samples, q=0.5, z=1.96):
    """Return the Interval of the quantile 0 < q < 1 of a series; z = 1.96 is for 95 %.

    The bounds are order statistics (Conover, Practical Nonparametric Statistics, 3.2): with x
    sorted, ranks from 1 and h = z * sqrt(n*q*(1-q)*tau), they are x(floor(nq - h)) and
    x(ceil(nq + h) + 1). tau, which the Interval has, is that of the indicator 1[x_i <= x_q], whose
    sum's variance it multiplies; h takes it with one standard error on top, since tau is estimated
    from the same samples, and too small just when they are unlucky.

    `low` is -inf and `high` inf where they would lie beyond the samples, and both where these tell
    as much as fewer than LEAST_EFFECTIVE independent ones.
    """
    values = series(samples)
    n = len(values)
    value = float(np.percentile(values, 100.0 * fraction(q)))
    tau, error = _correlation((values <= value).astype(np.float64))
    h = z * math.sqrt(n * q * (1 - q) * (tau + error))
    first, last = int(math.floor(n * q - h)), int(math.ceil(n * q + h)) + 1  # ranks, from 1
    ordered = np.sort(values)
    enough = n >= LEAST_EFFECTIVE * (tau + error)
    low = float(ordered[first - 1]) if enough and first >= 1 else -math.inf
    high = float(ordered[last - 1]) if enough and last <= n else math.inf
    return Interval(value, low, high, tau, n)


def relative_error(interval):
    """Return half the interval's width over its value: inf where it has no end or no value > 0."""
    if not interval.value > 0:
        return math.inf
    return (interval.high - interval.low) / (2 * interval.value)


def _correlation(values):
    """Return tau of a series and the standard error of that estimate; (1, 0) where none is seen.

    The error of a sum that ends after lag W is tau * sqrt(2 * (2W + 1) / n) (Madras and Sokal 1988,
    The pivot algorithm, Journal of Statistical Physics 50, appendix C).
    """
    rho = _autocorrelation(values)
    n = len(rho)
    pairs = rho[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    used = pairs[: ends[0]] if len(ends) else pairs
    tau = 2.0 * float(used.sum()) - 1.0
    if tau <= 1.0:
        return 1.0, 0.0
    last = 2 * len(used) - 1
    return tau, tau * math.sqrt(2.0 * (2 * last + 1) / n)


def _autocorrelation(values):
    """Return rho_k for k = 0..n-1, shape (n,); zeros for fewer than four or constant values.

    By FFT, with zeros behind the samples: the convolution must not wrap around.
    """
    n = len(values)
    centred = values - values.mean()
    if n < 4 or not centred.any():
        return np.zeros(n)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n]
    return covariance / covariance[0]
