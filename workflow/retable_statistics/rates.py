"""Images a second: the three definitions that published tables use; they differ where times do.

Times are milliseconds; `batch` is the number of images in one iteration.
"""

import numpy as np

from retable_statistics.arrays import positive


def images_per_second_of_wall(count, wall_ms, batch=1):
    """Return n * B / wall time: what trtexec calls throughput. `count` iterations took `wall_ms`.

    With several iterations in flight this is more than either of the others.
    """
    if count < 1 or not wall_ms > 0:
        raise ValueError("{} iterations in {} ms have no rate".format(count, wall_ms))
    return 1000.0 * count * batch / wall_ms


def images_per_second_of_median(samples, batch=1):
    """Return B / median time, `samples` of shape (n,)."""
    return 1000.0 * batch / float(np.median(positive(samples)))


def mean_images_per_second(samples, batch=1):
    """Return the mean of B / t, `samples` of shape (n,): what the TF2 detection script prints.

    Never less than n * B / the sum of t (Jensen's inequality): fast iterations weigh more.
    """
    return float(np.mean(1000.0 * batch / positive(samples)))
