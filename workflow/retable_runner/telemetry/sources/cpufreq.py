"""The clock of each timed CPU.

docs.kernel.org/admin-guide/pm/cpufreq.html: `scaling_cur_freq` is in kHz; on x86 it is what the CPU
counted over its last ticks (and what it may do least, while it idles), elsewhere mostly what the
governor asked for last. A CPU is locked where no other frequency is allowed.
"""

import os

from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes

FOLDER = "sys/devices/system/cpu/cpu{}/cpufreq"
KHZ_A_MHZ = 1000


def open(watched):
    """Open the files of all timed CPUs that have them; Unavailable where none has."""
    folders = {cpu: os.path.join(watched.root, FOLDER.format(cpu)) for cpu in watched.cpus}
    clocks = {
        cpu: nodes.opened(os.path.join(folder, "scaling_cur_freq"))
        for cpu, folder in folders.items()
    }
    there = [cpu for cpu in watched.cpus if clocks[cpu]]
    if not there:
        raise Unavailable("no timed CPU has a clock in /sys/devices/system/cpu/cpu*/cpufreq")
    return Source([clocks[cpu] for cpu in there], there, [folders[cpu] for cpu in there])


class Source(object):
    """A column a CPU; facts in MHz, and None where the CPUs differ."""

    def __init__(self, clocks, cpus, folders):
        self._clocks = clocks
        self.columns = ["cpu{}_mhz".format(cpu) for cpu in cpus]
        lowest = _common(folders, "scaling_min_freq", _mhz)
        highest = _common(folders, "scaling_max_freq", _mhz)
        self.facts = {
            "driver": _common(folders, "scaling_driver", nodes.text),
            "governor": _common(folders, "scaling_governor", nodes.text),
            "lowest_mhz": lowest,
            "highest_mhz": highest,
            "locked_mhz": highest if lowest == highest else None,
        }

    def read(self, t_s):
        """Return the row's values."""
        return [clock.number(KHZ_A_MHZ) for clock in self._clocks]


def _common(folders, name, read):
    found = {read(os.path.join(folder, name)) for folder in folders}
    return found.pop() if len(found) == 1 else None


def _mhz(path):
    return nodes.number(path, KHZ_A_MHZ)
