"""Temperatures, and how often heat made the timed CPUs slow down.

docs.kernel.org/driver-api/thermal/sysfs-api.html: zones, in thousandths of a degree; at the
temperature of a `passive` or `hot` trip point the kernel slows what heats the zone, an `active` one
is for a fan. docs.kernel.org/admin-guide/thermal/intel_thermal_throttle.html: the counts, on Intel.
"""

import os

from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes

ZONES = "sys/class/thermal"
COUNTS = "sys/devices/system/cpu/cpu{}/thermal_throttle"
MILLI = 1000
SLOWING = ("passive", "hot")
# Its trip points are thresholds that user space sets to be told of: nothing slows down there.
NOTIFYING = ("x86_pkg_temp",)


def open(watched):
    """Open what there is; Unavailable with neither zones nor counts."""
    zones = _zones(os.path.join(watched.root, ZONES))
    folders = [os.path.join(watched.root, COUNTS.format(cpu)) for cpu in watched.cpus]
    cores = _opened(folders, "core_throttle_count")
    packages = _opened(folders, "package_throttle_count")
    if not zones and not cores:
        raise Unavailable("no zone in /sys/class/thermal, no counts in cpu*/thermal_throttle")
    return Source(zones, cores, packages)


class Source(object):
    """A column a zone in degrees Celsius; the counts, summed over the timed CPUs, if there are any.

    `trips_c`: the lowest temperature at which a zone slows things down, by column.
    """

    def __init__(self, zones, cores, packages):
        self._temperatures = [temperature for _, temperature, _ in zones]
        self._counts = [counts for counts in (cores, packages) if counts]
        self.columns = [column for column, _, _ in zones]
        self.columns += ["core_throttle_count"] if cores else []
        self.columns += ["package_throttle_count"] if packages else []
        self.facts = {"trips_c": {column: trip for column, _, trip in zones if trip is not None}}

    def read(self, t_s):
        """Return the row's values; None for a zone that is switched off."""
        celsius = [temperature.number(MILLI) for temperature in self._temperatures]
        return celsius + [sum(node.number() or 0 for node in nodes_) for nodes_ in self._counts]


def _zones(parent):
    """Return (column, node, trip in degrees or None) of each zone; a second name is numbered."""
    found = []
    columns = set()
    for folder in nodes.folders(parent, r"thermal_zone\d+"):
        node = nodes.opened(os.path.join(folder, "temp"))
        if node is None:
            continue
        name = nodes.text(os.path.join(folder, "type")) or "zone"
        column = "{}_c".format(name)
        if column in columns:
            column = "{}_{}_c".format(name, os.path.basename(folder).replace("thermal_zone", ""))
        columns.add(column)
        found.append((column, node, None if name in NOTIFYING else _trip(folder)))
    return found


def _trip(folder):
    temperatures = []
    for path in nodes.folders(folder, r"trip_point_\d+_type"):
        if nodes.text(path) in SLOWING:
            temperatures.append(nodes.number(path.replace("_type", "_temp"), MILLI))
    return min((celsius for celsius in temperatures if celsius and celsius > 0), default=None)


def _opened(folders, name):
    found = (nodes.opened(os.path.join(folder, name)) for folder in folders)
    return [node for node in found if node]
