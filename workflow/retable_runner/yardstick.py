"""The machine's pace: how long a fixed small calculation, the yardstick, takes on the host's CPU.

A shared machine is faster in one minute than in the next. What was timed beside a yardstick can be
told in yardsticks, which move with it.

The calculation is sums of products, as a convolution's are, by numpy's einsum: that has one thread,
whatever BLAS numpy was built on. A matrix product has as many as BLAS likes, which then wait, and
spin, in the engine's way; and what would tell BLAS otherwise tells the engine's library too.
"""

import time

import numpy as np

ROWS, LENGTH = 128, 128  # float32: 64 KiB each, in the cache of one core; some 0.3 ms
TIMES = 5
DECIMALS_MS = 6

# Of the calling thread alone: time.thread_time is Python 3.7's. None on a system that has no such
# clock.
THREAD_CLOCK = getattr(time, "CLOCK_THREAD_CPUTIME_ID", None)


class Yardstick(object):
    """The calculation, and memory of its own for it."""

    def __init__(self):
        chance = np.random.RandomState(0)
        shape = (ROWS, LENGTH)
        self._left, self._right = (
            chance.standard_normal(shape).astype(np.float32) for _ in range(2)
        )
        self._products = np.empty((ROWS, ROWS), np.float32)

    def multiply(self):
        """Calculate once; return the products of all pairs of rows, float32 of (ROWS, ROWS)."""
        # optimize=True would lead to BLAS.
        return np.einsum("ij,kj->ik", self._left, self._right, out=self._products, optimize=False)

    def pace(self):
        """Calculate TIMES times; return the medians in milliseconds, {"cpu_ms", "ms"}.

        `cpu_ms` is the CPU time of the calling thread: a neighbour that has the core in between is
        not in it, one that slows the core is. None where the system does not count it.
        """
        rows = [self._timed() for _ in range(TIMES)]
        cpu_s, wall_s = np.median(np.array(rows, dtype=np.float64), axis=0)
        return {
            "cpu_ms": None if THREAD_CLOCK is None else round(cpu_s * 1e3, DECIMALS_MS),
            "ms": round(wall_s * 1e3, DECIMALS_MS),
        }

    def _timed(self):
        """One calculation's CPU time and time on the clock, in seconds."""
        start, cpu = time.perf_counter(), _thread_time()
        self.multiply()
        return _thread_time() - cpu, time.perf_counter() - start


def _thread_time():
    return 0.0 if THREAD_CLOCK is None else time.clock_gettime(THREAD_CLOCK)
