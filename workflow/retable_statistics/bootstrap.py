"""A second opinion on the interval over launches, which also uses the samples within them."""

import math

import numpy as np

from retable_statistics.arrays import series
from retable_statistics.intervals import autocorrelation_time
from retable_statistics.launches import Estimate

SEED = 20211
CHUNK = 1 << 20  # samples drawn at a time: 8 MB


def bootstrap_interval(launches, statistic=np.median, replicates=1000, seed=SEED, coverage=0.95):
    """Return the Estimate of the median over launches of `statistic`, by a hierarchical bootstrap.

    `launches` are k series, of any lengths. Each replicate draws k of them with replacement, and
    rebuilds each from circular blocks of at least 2 * tau consecutive samples of its own, so that
    what is slow within a launch stays so; its value is the median over launches of their statistic.
    The interval is the replicates' central part of `coverage`, stretched around the value by
    sqrt(k / (k - 1)), since k launches drawn from k are too alike by that. `coverage` is what is
    aimed at: three launches that differ hold the truth less often. (retable's values have the range
    of the launches for their interval; this is its check.) Time grows with replicates * samples.

    `statistic(samples, axis)` reduces an axis, as numpy's median and mean do.

    Resampling at both levels: Davison and Hinkley 1997, Bootstrap methods and their application,
    3.8. Circular blocks: Politis and Romano 1992. Percentile interval and its narrowness:
    Hesterberg 2015, What teachers should know about the bootstrap.
    """
    if replicates < 1 or not 0 < coverage < 1:
        raise ValueError("a bootstrap needs replicates and a coverage between 0 and 1")
    checked = [series(launch) for launch in launches]
    if not checked:
        raise ValueError("no launches")
    random = np.random.RandomState(seed)
    drawn = random.randint(len(checked), size=(replicates, len(checked)))
    values = np.empty(drawn.shape)
    for index, launch in enumerate(checked):
        places = drawn == index
        values[places] = _resampled(launch, statistic, int(places.sum()), random)
    tail = 50.0 * (1.0 - coverage)
    low, high = np.percentile(np.median(values, axis=1), [tail, 100.0 - tail])
    value = float(np.median([statistic(launch, axis=0) for launch in checked]))
    stretch = math.sqrt(len(checked) / max(1.0, len(checked) - 1.0))
    return Estimate(
        value,
        value - stretch * (value - float(low)),
        value + stretch * (float(high) - value),
        coverage,
    )


def _resampled(launch, statistic, count, random):
    """Return the statistic of `count` block resamples of a launch, shape (count,)."""
    n = len(launch)
    block = min(n, int(math.ceil(2.0 * autocorrelation_time(launch))))
    blocks = -(-n // block)
    values = np.empty(count)
    step = max(1, CHUNK // n)
    for start in range(0, count, step):
        rows = min(step, count - start)
        firsts = random.randint(n, size=(rows, blocks, 1))
        indices = ((firsts + np.arange(block)) % n).reshape(rows, -1)[:, :n]
        values[start : start + rows] = statistic(launch[indices], axis=1)
    return values
