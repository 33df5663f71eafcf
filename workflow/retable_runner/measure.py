"""The launch's loops: warm up, then measure by turns. No files; the clock is a parameter.

A sampler knows what one iteration is and which fields it yields; a stopping rule knows when there
is enough. The loops know neither, so that GPU events or the contention of a CPU are another
sampler, and another rule is another way to stop.

A sampler has `fields`, the names of its times, the first of which it is judged by, `counters`, the
names of what it counted beside them (see `contention`), and `sample()`, which runs one iteration
and returns a tuple of as many numbers, times in seconds.

A stopping rule is called as `enough(rows, count, elapsed_ms)` after each iteration: `rows[:count]`
are the tuples so far (what lies beyond is unset).
"""

import contextlib
import gc
import math
import time

import numpy as np

from retable_statistics.contention import basis_of, counted
from retable_statistics.drift import quarters_agree
from retable_statistics.stopping import Convergence

FIRST_ROWS = 4096  # allocated before the first sample; doubled, between samples, when full
LOOK_GROWTH = 1.2  # warm-up looks at its medians when this many times more iterations are done
DECIMALS_MS = 6  # samples are kept to the nanosecond, which is finer than the clock


class Settled(object):
    """The stopping rule of what a turn runs before it counts.

    At least `min_ms`, and one iteration: others have had the caches. Then until an iteration is
    `quiet`, or `max_ms` have gone: the threads that slept wake on one CPU, and wait for each other
    until the kernel has spread them, some 40 ms later (benchmarks/pairs.py).
    """

    def __init__(self, min_ms, max_ms, quiet):
        self._min_ms = min_ms
        self._max_ms = max_ms
        self._quiet = quiet

    def __call__(self, rows, count, elapsed_ms):
        if elapsed_ms < self._min_ms:
            return False
        return elapsed_ms >= self._max_ms or self._quiet(rows[count - 1])


class Budget(object):
    """The stopping rule of a turn, and of a pass: at least `min_ms` and `min_samples`, at most
    `max_ms`.
    """

    def __init__(self, min_ms, min_samples, max_ms):
        self._min_ms = min_ms
        self._min_samples = min_samples
        self._max_ms = max_ms

    def __call__(self, rows, count, elapsed_ms):
        if elapsed_ms >= self._max_ms:
            return True
        return count >= self._min_samples and elapsed_ms >= self._min_ms


class Enough(object):
    """Whether a launch has measured enough, asked between its turns; `facts` tell how it ended.

    At least `min_ms` and `min_samples`, at most `max_ms`. With a `target`, until the median's
    interval is as narrow as that (`retable_statistics.stopping`); one that is not by then has not
    converged.
    """

    def __init__(self, min_ms, min_samples, max_ms, target):
        self._min_ms = min_ms
        self._min_samples = min_samples
        self._max_ms = max_ms
        self._rule = Convergence(target, min_samples=min_samples) if target else None
        self.facts = {"by": None}

    def __call__(self, count, elapsed_ms, judged):
        """`judged()` gives the milliseconds to judge by, of shape (count,) or less."""
        over = elapsed_ms >= self._max_ms
        if not over and (count < self._min_samples or elapsed_ms < self._min_ms):
            return False
        if self._rule is None:
            return self._ended("time")
        if (over or count >= self._rule.next_look) and self._looked(judged(), over):
            return self._ended("converged")
        return (over or self._rule.exhausted) and self._ended("cap")

    def _looked(self, times_ms, over):
        """Look, if there are as many to judge by as the rule waits for, or will not be."""
        return (over or len(times_ms) >= self._rule.next_look) and self._rule.look(times_ms)

    def _ended(self, how):
        self.facts["by"] = how
        if self._rule is not None:
            self.facts.update(
                error=_finite(self._rule.error),
                effective=self._rule.effective,
                looks=self._rule.looks,
                why_not=self._rule.why_not,
            )
        return True


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
        return len(window) == 1 or quarters_agree(window, max(1, len(window) // 4))


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


class Recording(object):
    """The samples of a launch, turn by turn.

    `sampler` may have `counters` behind its `fields`: see `contention`. As each turn begins,
    `move()` takes it to its CPU and tells which (see `rotation`), and `pace()` tells the machine's
    pace (see `yardstick`); `settle_ms` is how long it then runs before it counts, at least and at
    most, `turn` the rule that ends it, `enough` the one that ends the launch.
    """

    def __init__(self, sampler, move, pace, settle_ms, turn, enough, clock=time.perf_counter):
        self._sampler = sampler
        self._move = move
        self._pace = pace
        self._settled = Settled(settle_ms[0], settle_ms[1], self._is_undisturbed)
        self._turn = turn
        self._enough = enough
        self._clock = clock
        self._turn_rows = []  # arrays of seconds, of shape (samples, fields and counters)
        self._turns = []
        self._count = 0
        self._elapsed_ms = 0.0

    def take_turn(self):
        """Measure for a turn; return whether the launch has enough."""
        cpu = self._move()
        pace = self._pace()  # before it settles: that warms the caches for the engine again
        repeat(self._sampler, self._settled, self._clock)
        start = self._clock()
        rows, elapsed_ms = repeat(self._sampler, self._turn, self._clock)
        self._turn_rows.append(np.array(rows, dtype=np.float64))
        self._count += len(rows)
        self._turns.append(
            {
                "started_s": round(start, 6),
                "ms": round(elapsed_ms, DECIMALS_MS),
                "samples": len(rows),
                "cpu": cpu,
                "pace": pace,
            }
        )
        self._elapsed_ms += elapsed_ms
        return self._enough(self._count, self._elapsed_ms, self._judged)

    def times(self):
        """Return {field: milliseconds, one a sample, to the nanosecond}."""
        return _lists(self._columns()[0])

    def contention(self):
        """Return {counter: one value a sample}, as `contention` has them, times in milliseconds."""
        return _lists(self._columns()[1])

    def facts(self):
        """Return which fields were measured by turns, in what turns, and how that ended."""
        return {
            "fields": list(self._sampler.fields),
            "iterations": self._count,
            "duration_ms": round(self._elapsed_ms, DECIMALS_MS),
            "turns": self._turns,
            "stopped": self._enough.facts,
        }

    def _is_undisturbed(self, row):
        return bool(self._series([row]).kept[0])

    def _judged(self):
        """The times by which the launch is judged: as `retable.comparing.readings` reads a case."""
        found = self._series(np.concatenate(self._turn_rows))
        basis = basis_of([found])
        return {"kept": found.times[found.kept], "cpu": found.cpu, "all": found.times}[basis]

    def _series(self, rows):
        """The samples as `contention` takes them: all that the counters span, and the counters."""
        times, counters = self._split(rows)
        whole = times[self._sampler.fields[0]]
        if "host_post" in times:
            whole = whole + times["host_post"]
        return counted(whole, **counters)

    def _columns(self):
        return self._split(np.concatenate(self._turn_rows))

    def _split(self, rows):
        """Rows of seconds as two dictionaries of arrays: the fields, and the counters."""
        fields, counters = self._sampler.fields, self._sampler.counters
        found = arrays(fields + counters, rows)
        if "preempted" in found:  # a number, not a time
            found["preempted"] = np.rint(found["preempted"] / 1e3).astype(int)
        return {name: found[name] for name in fields}, {name: found[name] for name in counters}


def arrays(names, rows):
    """Turn rows of seconds into {name: array of milliseconds, one a row, to the nanosecond}."""
    times_ms = np.round(np.array(rows, dtype=np.float64) * 1e3, DECIMALS_MS)
    return {name: times_ms[:, index] for index, name in enumerate(names)}


def columns(fields, rows):
    """The same, each array a list."""
    return _lists(arrays(fields, rows))


def _lists(found):
    return {name: values.tolist() for name, values in found.items()}


def _finite(value):
    return value if math.isfinite(value) else None


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
