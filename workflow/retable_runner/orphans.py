"""No process that the runner starts outlives it.

The runner itself asks for no such thing: who starts it does (`retable.processes`). In a container
its parent is a helper of Docker's, which is gone as soon as it has begun.
"""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent():
    """Ask Linux to kill this process when its parent ends: an orphan would go on working."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
