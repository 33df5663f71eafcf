"""Files of /sys and /proc, which the kernel writes anew at each read; and lists of CPUs."""

import os
import re

from retable_runner.errors import Unavailable

READ_BYTES = 1 << 16  # more than /proc/stat before its line of interrupts, on any machine


class Node(object):
    """A small file that is opened once, for as long as the process lives, and read many times.

    Unavailable, with path and reason, if it cannot be opened and read.
    """

    def __init__(self, path):
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
            self.text()
        except OSError as error:
            raise Unavailable("{}: {}".format(path, error.strerror)) from None

    def text(self):
        """Return what the file says now; OSError where the kernel does not say."""
        return os.pread(self._descriptor, READ_BYTES, 0).decode("ascii", "replace").strip("\0\n ")

    def number(self, scale=1):
        """Return the whole number that the file begins with, over `scale`; None for no number."""
        try:
            number = int(self.text().split(None, 1)[0])
        except (OSError, ValueError, IndexError):  # a sensor that is asleep, a rail that is off
            return None
        return number if scale == 1 else number / scale


def opened(path):
    """Return the node at `path`, or None where it cannot be read."""
    try:
        return Node(path)
    except Unavailable:
        return None


def text(path):
    """Return what the file at `path` says, read once, or None."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip("\0\n\t ") or None
    except OSError:
        return None


def number(path, scale=1):
    """Return the whole number in the file at `path`, read once, over `scale`; or None."""
    node = opened(path)
    return node.number(scale) if node else None


def folders(parent, pattern):
    """Return the paths in `parent` whose whole names match `pattern`, numbers in their order."""
    try:
        names = os.listdir(parent)
    except OSError:
        return []
    found = sorted((name for name in names if re.match(pattern + "$", name)), key=_by_number)
    return [os.path.join(parent, name) for name in found]


def _by_number(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def cpus_from(listed):
    """Return the set of CPUs that the kernel's list format names: "0-2,5" is {0, 1, 2, 5}."""
    ranges = (part.partition("-") for part in listed.split(",") if part)
    return {cpu for low, _, high in ranges for cpu in range(int(low), int(high or low) + 1)}


def cpu_list(cpus):
    """Return CPUs in the kernel's list format: {0, 1, 2, 5} is "0-2,5"."""
    runs = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(low) if low == high else "{}-{}".format(low, high) for low, high in runs)
