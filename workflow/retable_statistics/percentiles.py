"""Percentiles as the tools of the published tables take them, and what they need to mean anything.

A quantile is given as 0 < q < 1: 0.99 is the 99th percentile. Each rule returns one of the samples,
in their unit; with few samples the rules differ by one neighbour.
"""

import math

import numpy as np

from retable_statistics.arrays import fraction, series
from retable_statistics.intervals import autocorrelation_time

CONFIDENCE = 0.99  # LoadGen's, of early stopping


def trtexec_percentile(samples, q):
    """Return trtexec's percentile: the sample under the slowest int((1 - q) * n) of n.

    In single precision, as there: of 100 samples the 99th percentile leaves out int(0.99999905) = 0
    and is their maximum. TensorRT, samples/common/sampleReporting.cpp, findPercentile: the same for
    the one percentile of 8.2 and the list of later releases. Its median is the usual one.
    """
    ordered = np.sort(series(samples))
    percent = np.float32(fraction(q) * 100)
    excluded = int((np.float32(1) - percent / np.float32(100)) * np.float32(len(ordered)))
    return float(ordered[max(len(ordered) - 1 - excluded, 0)])


def loadgen_percentile(samples, q):
    """Return MLPerf LoadGen's percentile: of the sorted samples that at int(n * q), from 0.

    mlcommons/inference, loadgen/results.cc, ProcessLatencies. For the 99th percentile of 100
    samples it is their maximum.
    """
    ordered = np.sort(series(samples))
    return float(ordered[int(len(ordered) * fraction(q))])


def lower_percentile(samples, q):
    """Return the lower neighbour of numpy's percentile, at int((n - 1) * q): TF2's script's p99.

    numpy.percentile(..., interpolation="lower"), later method="lower".
    """
    ordered = np.sort(series(samples))
    return float(ordered[int((len(ordered) - 1) * fraction(q))])


def samples_needed(q, tau=1.0):
    """Return how many samples with autocorrelation time tau >= 1 the quantile q needs.

    The bound below which MLPerf LoadGen's early stopping refuses to estimate the quantile: the
    smallest n for which at most one of n independent samples lies beyond the true quantile with a
    probability under 1 - CONFIDENCE, q^n + n * (1 - q) * q^(n - 1) < 0.01. That is 64 for the 90th
    percentile and 662 for the 99th (mlcommons/inference, loadgen/early_stopping.cc and results.cc,
    and issue 1629). By symmetry a quantile under the median needs what its mirror image does.
    """
    if not tau >= 1:
        raise ValueError("tau is at least 1, not {}".format(tau))
    inside = max(fraction(q), 1 - q)
    n = 2
    while inside**n + n * (1 - inside) * inside ** (n - 1) >= 1 - CONFIDENCE:
        n += 1
    return int(math.ceil(n * tau))


def has_enough(samples, q):
    """Return (whether the samples suffice for the quantile q, effective number, number needed).

    Both numbers are of independent samples: n / tau, with the tau of the indicator 1[x_i <= x_q],
    and `samples_needed(q)`.
    """
    values = series(samples)
    below = values <= np.percentile(values, 100.0 * fraction(q))
    effective = len(values) / autocorrelation_time(below)
    needed = samples_needed(q)
    return effective >= needed, effective, needed
