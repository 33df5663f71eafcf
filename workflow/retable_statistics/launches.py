"""From launches to a value: launches are independent, so their medians need no model of noise."""

import math
from typing import NamedTuple

import numpy as np

from retable_statistics.arrays import positive, series

COVERAGE = 0.95  # what an interval is made to reach, where there are launches enough


class Estimate(NamedTuple):
    """A value with its interval, which holds the truth with the probability `coverage`."""

    value: float
    low: float
    high: float
    coverage: float

    def scaled(self, factor):
        """Return the estimate in another unit: `factor` > 0 times value, low and high."""
        return self._replace(
            value=self.value * factor, low=self.low * factor, high=self.high * factor
        )


def median_of_launches(values):
    """Return the Estimate of the median over k launches, `values` of shape (k,), in their unit.

    Its interval is the sign test's: the r-th smallest to the r-th largest launch holds the median
    of the launches' distribution, whatever that is, with probability 1 - 2 * P(B < r), B binomial
    of k fair coins (Conover, Practical Nonparametric Statistics, 3.4). r is the largest for which
    this is COVERAGE or more, and 1 where the range of all launches is less: 96.9 % for 6 launches,
    0 for a single one.
    """
    ordered = np.sort(series(values))
    rank, coverage = _sign_test(len(ordered))
    return Estimate(
        float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[-rank]), coverage
    )


def apart(estimate):
    """Return half the width of an Estimate's interval over its value: 0.02 is 2 %."""
    return (estimate.high - estimate.low) / (2 * estimate.value)


def paired_ratio(numerators, denominators):
    """Return the Estimate of numerator over denominator from k rounds, both of shape (k,), > 0.

    The median of the logarithms of the rounds' ratios, and the sign test's interval, as
    `median_of_launches` has them. A pair is one round of a session: its launches stand close in
    time, so that what slows the machine for a while slows both.
    """
    above, below = positive(numerators), positive(denominators)
    if len(above) != len(below):
        raise ValueError("{} launches cannot be paired with {}".format(len(above), len(below)))
    return ratio_of_rounds(above / below)


def ratio_of_rounds(ratios):
    """Return the Estimate of a ratio from those of k rounds, of shape (k,), > 0.

    Their median and the sign test's interval, in logarithms: slower and faster by the same factor
    are the same difference.
    """
    logs = median_of_launches(np.log(positive(ratios)))
    return Estimate(math.exp(logs.value), math.exp(logs.low), math.exp(logs.high), logs.coverage)


def quotient(above, below):
    """Return the Estimate of one Estimate over another, > 0, that nothing pairs: of two sessions.

    The interval goes from end to farthest end: it holds the truth where both intervals do
    (Bonferroni).
    """
    return Estimate(
        above.value / below.value,
        above.low / below.high,
        above.high / below.low,
        max(0.0, above.coverage + below.coverage - 1.0),
    )


def noise_floor(first, second):
    """Return how far apart one case timed twice may be taken to lie: 0.02 is 2 %.

    `first` and `second` are the A/A pair's values, a round each, of shape (k,), > 0. The end of
    their paired ratio's interval that is farther from 1, on either side.
    """
    return floor_of(paired_ratio(first, second))


def floor_of(ratio):
    """Return the noise floor that an A/A pair's ratio, an Estimate, shows."""
    return math.expm1(max(abs(math.log(ratio.low)), abs(math.log(ratio.high))))


def beyond_floor(ratio, floor):
    """Return whether the Estimate's value differs from 1 by more than the noise floor allows.

    In logarithms, so that slower and faster by the same factor are the same difference.
    """
    return abs(math.log(ratio.value)) > math.log1p(floor)


def widened(ratio, floor):
    """Return the Estimate with an interval that is nowhere narrower than the noise floor."""
    return ratio._replace(
        low=min(ratio.low, ratio.value / (1 + floor)),
        high=max(ratio.high, ratio.value * (1 + floor)),
    )


def _sign_test(k):
    """Return (rank, coverage) of the sign test's interval of k values; the rank is from 1."""
    coverage = _coverage(1, k)
    rank = 1
    while _coverage(rank + 1, k) >= COVERAGE:
        rank += 1
        coverage = _coverage(rank, k)
    return rank, coverage


def _coverage(rank, k):
    """Return 1 - 2 * P(B < rank), B binomial of k fair coins; 0 where the ranks would cross."""
    ways = 1  # of `heads` heads
    tail = 0
    for heads in range(rank):
        tail += ways
        ways = ways * (k - heads) // (heads + 1)
    return max(0.0, 1.0 - 2.0 * tail / 2**k)
