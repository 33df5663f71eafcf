"""Which samples stand apart. They are labelled; no statistic here leaves them out."""

import numpy as np

from retable_statistics.arrays import series

NORMAL_MAD = 0.6745  # the MAD of a normal distribution, in standard deviations
NORMAL_MEAN_DEVIATION = 0.7979  # its mean absolute deviation: sqrt(2 / pi)


def mad_outliers(samples, cut=3.5):
    """Return a boolean mask of shape (n,): where the modified z-score exceeds `cut`, either side.

    The score is 0.6745 * (x - median) / MAD (Iglewicz and Hoaglin 1993, How to detect and handle
    outliers: 3.5 is their cut). Where more than half of the samples are equal, as with a coarse
    clock, the MAD is 0, and the mean absolute deviation from the median takes its place, as it does
    at IBM; constant samples have no outliers.
    """
    values = series(samples)
    deviations = np.abs(values - np.median(values))
    deviation = np.median(deviations) / NORMAL_MAD
    if deviation == 0:
        deviation = deviations.mean() / NORMAL_MEAN_DEVIATION
    return deviations > cut * deviation
