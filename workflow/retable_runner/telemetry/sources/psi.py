"""Pressure on the CPUs: the share of the time in which some task of the machine waited for one.

docs.kernel.org/accounting/psi.html: `some ... total=` is a sum in microseconds, over all tasks:
those of a timed process too, which wait for each other where it has more threads than CPUs. It
tells a crowded machine from an empty one, and not who is to blame. The watcher waits as well, last
in line as it is: what it waited (docs.kernel.org/scheduler/sched-stats.html, /proc/PID/schedstat,
nanoseconds) is taken off, so that what is left is the least that others did.
"""

import os

from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes


def open(watched):
    """Open /proc/pressure/cpu; Unavailable where the kernel keeps no such accounts."""
    folder = os.path.join(watched.root, "proc")
    pressure = nodes.Node(os.path.join(folder, "pressure", "cpu"))
    return Source(pressure, nodes.opened(os.path.join(folder, "self", "schedstat")))


class Source(object):
    """`waiting_share`: since the row before, and None in the first."""

    columns = ("waiting_share",)

    def __init__(self, pressure, own):
        self.facts = {}
        self._pressure = pressure
        self._own = own
        self._before = None
        if self._waited_s() is None:
            raise Unavailable("/proc/pressure/cpu has no total of `some`")

    def read(self, t_s):
        """Return the row's values."""
        before, self._before = self._before, (t_s, self._waited_s())
        if before is None:
            return [None]
        return [max(0.0, self._before[1] - before[1]) / (t_s - before[0])]

    def _waited_s(self):
        for line in self._pressure.text().splitlines():
            if line.startswith("some "):
                return int(line.rpartition("total=")[2]) / 1e6 - self._own_s()
        return None

    def _own_s(self):
        return int(self._own.text().split()[1]) / 1e9 if self._own else 0.0
