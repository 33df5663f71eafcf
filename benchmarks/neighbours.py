"""A machine that others use too: processes that compute without end."""

import contextlib
import os
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def neighbours(busy: bool) -> Iterator[None]:
    """Keep every core of this process busy during the block, one process each; or none."""
    children = []
    for core in sorted(os.sched_getaffinity(0)) if busy else []:
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, {core})
            while True:
                pass
        children.append(child)
    try:
        yield
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
