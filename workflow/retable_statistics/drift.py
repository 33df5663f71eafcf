"""Whether the samples of a launch go somewhere: heating, clocks that settle, memory that fills."""

import numpy as np

from retable_statistics.arrays import series

CHUNKS = 500  # points that slopes are taken between: 125,000 pairs, 1 MB
STEADY_RELATIVE = 0.01  # of the last two quarters' medians: the width that a launch aims at


def theil_sen(x, y):
    """Return the median of the slopes between all pairs of points, x and y of shape (n,), n >= 2.

    Unmoved by up to 29 % of outliers (Theil 1950; Sen 1968). Pairs of equal x have no slope;
    ValueError where there are no others. From more than CHUNKS points the medians of consecutive
    equal chunks are taken first, as few samples a chunk as do, so that memory stays O(n); the
    points at the end that do not fill a chunk are left out.
    """
    x, y = series(x, least=2), series(y, least=2)
    if len(x) != len(y):
        raise ValueError("{} x cannot be paired with {} y".format(len(x), len(y)))
    x, y = _chunk_medians(x), _chunk_medians(y)
    before, after = np.triu_indices(len(x), 1)
    run = x[after] - x[before]
    apart = run != 0
    if not apart.any():
        raise ValueError("all x are equal: there is no slope")
    return float(np.median((y[after] - y[before])[apart] / run[apart]))


def relative_drift(samples):
    """Return how much the samples rise from the first to the last, as a part of their median.

    The Theil-Sen slope over the samples' indices, times n - 1: 0.05 is 5 % slower at the end. 0 for
    a single sample; ValueError where the median is not above zero.
    """
    values = series(samples)
    median = float(np.median(values))
    if not median > 0:
        raise ValueError("a drift is relative to a median above 0, not {:g}".format(median))
    if len(values) == 1:
        return 0.0
    return theil_sen(np.arange(len(values)), values) * (len(values) - 1) / median


def has_steady_state(samples):
    """Return whether the medians of the last two quarters of the samples agree within 1 %.

    Needs four samples; fewer have no quarters and are not known to be steady.
    """
    values = series(samples)
    quarter = len(values) // 4
    return quarter > 0 and quarters_agree(values, quarter)


def quarters_agree(samples, quarter):
    """Return whether the medians of the last `quarter` samples and of those before agree in 1 %."""
    last = np.median(samples[-quarter:])
    before = np.median(samples[-2 * quarter : -quarter])
    return bool(abs(last - before) <= STEADY_RELATIVE * before)


def _chunk_medians(values):
    size = -(-len(values) // CHUNKS)
    return np.median(values[: len(values) // size * size].reshape(-1, size), axis=1)
