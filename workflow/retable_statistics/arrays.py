"""What the functions of this package take: finite samples of one dimension, and quantiles."""

import numpy as np


def series(samples, least=1):
    """Return the samples as a float64 array of shape (n,), n at least `least`, or ValueError."""
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError("samples must have one dimension, not {}".format(values.ndim))
    if len(values) < least:
        raise ValueError("{} samples, and at least {} are needed".format(len(values), least))
    if not np.isfinite(values).all():
        raise ValueError("samples must be finite; some are NaN or infinite")
    return values


def positive(samples, least=1):
    """Return what `series` does, where each sample is above zero, or ValueError."""
    values = series(samples, least)
    if values.min() <= 0:
        raise ValueError("samples must be above zero, not {:g}".format(values.min()))
    return values


def fraction(q):
    """Return q, of 0 < q < 1, or ValueError."""
    if not 0 < q < 1:
        raise ValueError("a quantile is between 0 and 1, not {}".format(q))
    return q
