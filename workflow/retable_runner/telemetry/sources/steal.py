"""What the timed CPUs did: the shares of their time in which they were busy, and stolen.

proc_pid_stat(5), /proc/stat: a line a CPU, in ticks of 10 ms: user nice system idle iowait irq
softirq steal, then guest times, which user and nice hold already. A stolen tick is one in which the
hypervisor ran something else on the CPU while this machine had work for it.
"""

import os

from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes

COUNTED = 8  # columns that add up to all ticks
IDLE, IOWAIT, STEAL = 3, 4, 7


def open(watched):
    """Open /proc/stat; Unavailable where it has no line for the timed CPUs."""
    return Source(nodes.Node(os.path.join(watched.root, "proc/stat")), watched.cpus)


class Source(object):
    """`busy_share` and `steal_share` since the row before: None in the first."""

    columns = ("busy_share", "steal_share")

    def __init__(self, node, cpus):
        self._node = node
        self._names = {"cpu{}".format(cpu) for cpu in cpus}
        self._before = None
        self.facts = {"cpus": nodes.cpu_list(cpus)}
        if not self._lines():
            raise Unavailable("/proc/stat has no line for the CPUs {cpus}".format(**self.facts))

    def read(self, t_s):
        """Return the row's values."""
        lines = self._lines()
        now = [sum(column) for column in zip(*lines)]
        before, self._before = self._before, now
        if before is None:
            return [None, None]
        spent = [ticks - earlier for ticks, earlier in zip(now, before)]
        total = sum(spent)
        if total <= 0:  # no tick since
            return [None, None]
        busy = total - spent[IDLE] - spent[IOWAIT] - spent[STEAL]
        return [busy / total, spent[STEAL] / total]

    def _lines(self):
        split = (line.split() for line in self._node.text().splitlines() if line[:3] == "cpu")
        timed = (words[1 : COUNTED + 1] for words in split if words[0] in self._names)
        return [[int(word) for word in words] for words in timed]
