"""The first process of a container: `python hold.py FOLDER KIND SILENCE_S`.

It locks FOLDER, a folder of the machine itself, `alone`, `shared` or (`none`) not at all, and says
`held`. It stays as long as its stdin is open and says a line at least every SILENCE_S seconds: then
whoever opened the container is there, wherever that is. The container ends with its first process,
and with it all that runs there. This file is sent as a text: it needs the standard library alone.
"""

import fcntl
import os
import select
import sys
import time

KINDS = {"alone": fcntl.LOCK_EX, "shared": fcntl.LOCK_SH, "none": None}
ASK_AGAIN_S = 1.0
STDIN = 0
SOME_BYTES = 4096


def main(arguments):
    """Hold as asked, until nobody is there."""
    folder, kind, silence_s = arguments
    opener = Opener(float(silence_s))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    while not locked(descriptor, KINDS[kind]):
        if not opener.is_there(ASK_AGAIN_S):
            return
    sys.stdout.write("held\n")
    sys.stdout.flush()
    while opener.is_there(opener.silence_s):
        pass


def locked(descriptor, kind):
    """Return whether the folder could be locked now."""
    if kind is None:
        return True
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Opener(object):
    """Who opened the container, as far as stdin tells."""

    def __init__(self, silence_s):
        self.silence_s = silence_s
        self._heard = time.monotonic()

    def is_there(self, seconds):
        """Listen for so many seconds at most; return whether somebody is still there."""
        left = self._heard + self.silence_s - time.monotonic()
        if select.select([STDIN], [], [], max(0.0, min(seconds, left)))[0]:
            self._heard = time.monotonic()
            return bool(os.read(STDIN, SOME_BYTES))
        return time.monotonic() < self._heard + self.silence_s


if __name__ == "__main__":
    main(sys.argv[1:])
