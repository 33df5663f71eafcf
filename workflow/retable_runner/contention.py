"""What else the CPU did during a sample: read before and after it, outside the time that counts.

`cpu` is the CPU time of all threads of the process, `waited` the time that its threads were ready
to run while something else did (run-queue delay, from schedstat; Linux, kernel documentation
scheduler/sched-stats), `preempted` how often one of them was made to give up a CPU (getrusage).
"""

import os
import time

try:
    import resource
except ImportError:  # not a Unix
    resource = None

THREADS = "/proc/self/task"
SCHEDSTAT_BYTES = 64  # "time on the CPU, time waiting for it (ns), turns on it"


class Contention(object):
    """Counters of this process and the threads that it has now.

    `columns` name them; `read()` gives their values so far, times in seconds. What this system
    does not count has no column.
    """

    def __init__(self):
        self._schedstats = _opened_schedstats()
        readers = [("cpu", time.process_time)]
        if self._schedstats:
            readers.append(("waited", self._waited))
        if resource is not None:
            readers.append(("preempted", _preempted))
        self.columns = tuple(name for name, _ in readers)
        self._readers = [reader for _, reader in readers]

    def read(self):
        """Return the counters' values, in the order of `columns`."""
        return [reader() for reader in self._readers]

    def _waited(self):
        try:
            return 1e-9 * sum(map(_nanoseconds_waited, self._schedstats))
        except OSError:  # a thread has ended
            self._schedstats = _opened_schedstats()
            return 1e-9 * sum(map(_nanoseconds_waited, self._schedstats))


def _opened_schedstats():
    numbers = os.listdir(THREADS) if os.path.isdir(THREADS) else []
    found = [_opened(os.path.join(THREADS, number, "schedstat")) for number in numbers]
    return [stream for stream in found if stream is not None]


def _opened(path):
    try:
        return open(path, "rb", buffering=0)
    except OSError:  # the thread has just ended, or the kernel keeps no such file
        return None


def _nanoseconds_waited(stream):
    return int(os.pread(stream.fileno(), SCHEDSTAT_BYTES, 0).split()[1])


def _preempted():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


class ContentionSampler(object):
    """A sampler that counts the contention of each sample."""

    def __init__(self, sampler, contention):
        inner, read = sampler.sample, contention.read

        def sample():
            before = read()
            row = inner()
            after = read()
            return row + tuple(end - start for start, end in zip(before, after))  # noqa: B905

        self.fields = sampler.fields
        self.counters = contention.columns
        self.sample = sample
