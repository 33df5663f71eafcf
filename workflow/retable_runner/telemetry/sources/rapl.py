"""Power of the CPU packages and of their parts, by the counters of RAPL.

docs.kernel.org/power/powercap/powercap.html: `energy_uj` counts microjoules up to
`max_energy_range_uj` and begins again at 0. Since CVE-2020-8694 only root may read it.
"""

import os

from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes

FOLDER = "sys/class/powercap"
ZONE = r"intel-rapl:\d+(:\d+)?"  # AMD's too; intel-rapl-mmio's are the same again


def open(watched):
    """Open every zone; Unavailable where there is none, or only root may read."""
    folders = nodes.folders(os.path.join(watched.root, FOLDER), ZONE)
    if not folders:
        raise Unavailable("no zone of RAPL in /sys/class/powercap")
    return Source([(_column(folder), Counter(folder)) for folder in folders])


class Source(object):
    """A column a zone, in watts since the row before: None in the first."""

    def __init__(self, zones):
        self.facts = {}
        self.columns = [column for column, _ in zones]
        self._counters = [counter for _, counter in zones]

    def read(self, t_s):
        """Return the row's values."""
        return [counter.power_w(t_s) for counter in self._counters]


class Counter(object):
    """The energy counter of the zone in `folder`."""

    def __init__(self, folder):
        self._energy = nodes.Node(os.path.join(folder, "energy_uj"))
        self._range_uj = nodes.number(os.path.join(folder, "max_energy_range_uj")) or 0
        self._before = None

    def power_w(self, t_s):
        """Return the mean power since the last call, None at the first."""
        before, self._before = self._before, (t_s, int(self._energy.text()))
        if before is None:
            return None
        spent_uj = self._before[1] - before[1]
        if spent_uj < 0:
            spent_uj += self._range_uj
        return spent_uj / 1e6 / (t_s - before[0])


def _column(folder):
    """Return the zone's name with that of the zone it is part of: `package-0_dram_w`."""
    names = [_name(folder)]
    parent, colon, _ = folder.rpartition(":")
    if colon and ":" in os.path.basename(parent):
        names.insert(0, _name(parent))
    return "_".join(names + ["w"])


def _name(folder):
    return nodes.text(os.path.join(folder, "name")) or os.path.basename(folder)
