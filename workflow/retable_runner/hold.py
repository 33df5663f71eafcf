"""`python -m retable_runner.hold FOLDER KIND SECONDS`: the first process of a container.

It locks FOLDER, a folder of the machine itself, `alone`, `shared` or (`none`) not at all, says
`held`, and stays until its stdin ends: then whoever opened the container is gone, wherever that
was. The container ends with its first process, and with it all that runs there; at the latest
after SECONDS.
"""

import fcntl
import os
import select
import sys
import time

KINDS = {"alone": fcntl.LOCK_EX, "shared": fcntl.LOCK_SH, "none": None}
ASK_AGAIN_S = 1.0


def main(arguments):
    """Hold as asked; return the exit status: 0 when left, 3 when the time was over."""
    folder, kind, seconds = arguments
    deadline = time.monotonic() + float(seconds)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    while not locked(descriptor, KINDS[kind]):
        if left(min(ASK_AGAIN_S, deadline - time.monotonic())):
            return 0
        if time.monotonic() >= deadline:
            return 3
    sys.stdout.write("held\n")
    sys.stdout.flush()
    return 0 if left(deadline - time.monotonic()) else 3


def locked(descriptor, kind):
    """Return whether the folder could be locked now."""
    if kind is None:
        return True
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def left(seconds):
    """Return whether stdin ended within so many seconds; what is said there is not read on."""
    readable, _, _ = select.select([sys.stdin], [], [], max(0.0, seconds))
    return bool(readable)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
