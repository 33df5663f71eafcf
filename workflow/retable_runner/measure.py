"""The launch's loop: warm up, then measure. No files and no formatting; the clock is a parameter.

A sampler knows what one iteration is and which fields it yields; a stopping rule knows when there
is enough. The loops know neither, so that GPU events, thread CPU time or a rule on the effective
sample size are another sampler or another rule.

A sampler has `fields`, the names of its columns, the first of which warm-up judges by, and
`sample()`, which runs one iteration and returns a tuple of as many times in seconds.

A stopping rule is called as `enough(rows, count, elapsed_ms)` after each iteration: `rows[:count]`
are the tuples so far (what lies beyond is unset).
"""

import contextlib
import gc
import time

import numpy as np

FIRST_ROWS = 4096  # allocated before the first sample; doubled, between samples, when full
STEADY_RELATIVE = 0.01  # MEASUREMENT.md, Warm-up: the last two quarter-medians agree within 1 %
LOOK_GROWTH = 1.2  # warm-up looks at its medians when this many times more iterations are done
DECIMALS_MS = 6  # samples are kept to the nanosecond, which is finer than the clock


class HostSampler(object):
    """One synchronous inference, and what follows it, on the host clock.

    `latency_sync` is around `run`; with a `post`, `host_post` is around `post(outputs)`.
    """

    def __init__(self, run, post=None, clock=time.perf_counter):
        def bare():
            start = clock()
            run()
            return (clock() - start,)

        def followed():
            start = clock()
            outputs = run()
            middle = clock()
            post(outputs)
            return (middle - start, clock() - middle)

        self.fields = ("latency_sync",) if post is None else ("latency_sync", "host_post")
        self.sample = bare if post is None else followed


class Budget(object):
    """The stopping rule: at least `min_ms` and `min_samples`, at most `max_ms`."""

    def __init__(self, min_ms, min_samples, max_ms):
        self.min_ms = min_ms
        self.min_samples = min_samples
        self.max_ms = max_ms

    def __call__(self, rows, count, elapsed_ms):
        if elapsed_ms >= self.max_ms:
            return True
        return count >= self.min_samples and elapsed_ms >= self.min_ms


class Steadiness(object):
    """The stopping rule of the warm-up; `steady` tells how it ended.

    At least `min_ms` and `min_iterations` (`slow_iterations` where the median iteration takes
    longer than `slow_ms`), then until the medians of the last two quarters of a rolling window
    agree within 1 %, or `max_ms` and `slow_iterations` have gone. The window is the later half of
    the iterations, and no shorter than the number needed: so it leaves the start behind, and grows
    where they are short.
    """

    def __init__(self, min_ms, min_iterations, slow_ms, slow_iterations, max_ms):
        self.min_ms = min_ms
        self.min_iterations = min_iterations
        self.slow_ms = slow_ms
        self.slow_iterations = slow_iterations
        self.max_ms = max_ms
        self.steady = False
        self._next_look = min(slow_iterations, min_iterations)

    def __call__(self, rows, count, elapsed_ms):
        if count >= self._next_look and elapsed_ms >= self.min_ms:
            # Looking costs a median: not at each iteration, lest it cool what it warms.
            self._next_look = max(count + 1, int(count * LOOK_GROWTH))
            if count < self.min_iterations:
                self._next_look = min(self._next_look, self.min_iterations)
            self.steady = self._is_steady(np.array([row[0] for row in rows[:count]]) * 1e3)
        given_up = elapsed_ms >= self.max_ms and count >= self.slow_iterations
        return self.steady or given_up

    def _is_steady(self, times_ms):
        slow = np.median(times_ms) > self.slow_ms
        needed = self.slow_iterations if slow else self.min_iterations
        if len(times_ms) < needed:
            return False
        window = times_ms[-max(needed, len(times_ms) // 2) :]
        quarter = max(1, len(window) // 4)
        last = np.median(window[-quarter:])
        before = np.median(window[-2 * quarter : -quarter] if len(window) > 1 else window)
        return bool(abs(last - before) <= STEADY_RELATIVE * before)


def repeat(sampler, enough, clock=time.perf_counter):
    """Call `sampler.sample()` until `enough` says so, once at least.

    Returns the list of the tuples it gave (seconds), and the duration of it all in milliseconds.
    """
    sample = sampler.sample
    rows = [None] * FIRST_ROWS
    count = 0
    start = clock()
    while True:
        if count == len(rows):
            rows.extend([None] * count)
        rows[count] = sample()
        count += 1
        elapsed_ms = (clock() - start) * 1e3
        if enough(rows, count, elapsed_ms):
            return rows[:count], elapsed_ms


def warm_up(sampler, rule, clock=time.perf_counter):
    """Repeat until `rule` (a Steadiness) ends it; return {iterations, ms, steady}."""
    rows, elapsed_ms = repeat(sampler, rule, clock)
    return {
        "iterations": len(rows),
        "ms": round(elapsed_ms, DECIMALS_MS),
        "steady": rule.steady,
    }


def columns(fields, rows):
    """Turn rows of seconds into {field: milliseconds, one an iteration, to the nanosecond}."""
    times_ms = np.round(np.array(rows, dtype=np.float64) * 1e3, DECIMALS_MS)
    return {field: times_ms[:, index].tolist() for index, field in enumerate(fields)}


@contextlib.contextmanager
def no_garbage_collection():
    """Keep the garbage collector out of the block: what is there is frozen, nothing is looked for.

    Python 3.6 has no `gc.freeze`; there, collecting is only disabled.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    getattr(gc, "freeze", bool)()
    try:
        yield
    finally:
        getattr(gc, "unfreeze", bool)()
        if was_enabled:
            gc.enable()
