"""Which samples on a CPU were disturbed by other programs, and what can be read of those.

A sample is undisturbed where nothing else ran while one of its threads was ready to run. Times are
milliseconds, arrays of shape (n,), one value a sample; a counter that the system lacks is None.

A basis says which samples are read: `kept`, the undisturbed ones; `cpu`, all, by their CPU time;
`all`, as they were. It is decided for all launches of a case at once, each a `Counted`, or anything
with its fields.
"""

import collections

import numpy as np

Mask = np.ndarray  # of booleans
WAITED_SHARE = 0.01  # of a sample's time; waking a thread on an idle CPU takes some of it
WAITED_MS = 0.002
CPU_SHARE = 1.02  # where waiting is not counted: wall time of one thread against its CPU time
ENOUGH_KEPT = 0.5  # of the samples, for their median to stand for the case
SLEPT_SHARE = 0.1  # of the time neither computing nor waiting: then CPU time is not latency


Counted = collections.namedtuple("Counted", ("times", "kept", "cpu", "waited"))


def counted(times, cpu=None, waited=None, preempted=None):
    """Return the samples of a launch as a Counted: `kept` is the mask of the undisturbed ones."""
    cpu, waited = (
        None if one is None else np.asarray(one, dtype=np.float64) for one in (cpu, waited)
    )
    times = np.asarray(times, dtype=np.float64)
    return Counted(times, undisturbed(times, cpu, waited, preempted), cpu, waited)


def basis_of(launches):
    """Return the basis on which all launches of a case are read.

    `kept`, if in each enough are undisturbed; else `cpu`, if in each that is latency; else `all`.
    Where nothing was counted nothing is left out, and it is `all`.
    """
    if all(one.cpu is None and one.waited is None and one.kept.all() for one in launches):
        return "all"
    if all(enough_kept(one.kept) for one in launches):
        return "kept"
    known = all(one.cpu is not None and one.waited is not None for one in launches)
    if known and all(cpu_time_is_latency(one.times, one.cpu, one.waited) for one in launches):
        return "cpu"
    return "all"


def undisturbed(times, cpu=None, waited=None, preempted=None):
    """Return the mask of the undisturbed samples, of shape (n,).

    By `waited`, the time that the process's threads waited for a CPU: at most 1 % of the sample
    and 2 us. Where the kernel does not count that: no thread was `preempted`, and, if a single one
    ran, the time is at most 1.02 times the `cpu` time and 2 us. Without any counter all are kept.
    """
    times = np.asarray(times, dtype=np.float64)
    if waited is not None:
        return np.asarray(waited) <= WAITED_SHARE * times + WAITED_MS
    kept = np.ones(times.shape, dtype=bool)
    if preempted is not None:
        kept &= np.asarray(preempted) == 0
    if cpu is not None and _one_thread(times, cpu):
        kept &= times <= CPU_SHARE * np.asarray(cpu) + WAITED_MS
    return kept


def enough_kept(kept):
    """Return whether the undisturbed samples of a launch are enough to stand for it: a half."""
    return bool(np.mean(kept) >= ENOUGH_KEPT)


def cpu_time_is_latency(times, cpu, waited):
    """Return whether the samples' CPU time is what the clock would have shown, undisturbed.

    It is where a single thread ran and did not sleep: all the time went into computing, or into
    waiting for a CPU.
    """
    total = np.sum(times)
    slept = abs(total - np.sum(cpu) - np.sum(waited))
    return _one_thread(times, cpu) and bool(slept <= SLEPT_SHARE * total)


def _one_thread(times, cpu):
    """Whether the CPU time is nowhere more than one thread can use."""
    return bool(np.sum(cpu) <= CPU_SHARE * np.sum(times))
