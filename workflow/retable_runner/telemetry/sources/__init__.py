"""What telemetry is read from, one file each; the protocol is in `retable_runner.telemetry`."""

import collections
import sys

from retable_runner import plugins

# What a source is opened for: the timed CPUs, and the root of the files, "/".
Watched = collections.namedtuple("Watched", "cpus root")


def names():
    """Return the sorted names of the sources that have a file here."""
    return plugins.names(sys.modules[__name__])


def load(name):
    """Return the module of the source `name`."""
    return plugins.load(sys.modules[__name__], name)
