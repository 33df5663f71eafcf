"""The machine's lock: timing holds it alone, CPU-heavy steps share it. And locks of artifacts.

The machine's is a folder, which can be locked by whoever may read it: another user, another
checkout, a container in which it is mounted (`retable_runner.hold`).
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def machine_lock_path() -> Path:
    """One folder for all users and checkouts of a machine, whatever their TMPDIR.

    RETABLE_MACHINE_LOCK names another, for tests.
    """
    return Path(os.environ.get("RETABLE_MACHINE_LOCK", "/tmp/retable.machine"))


@contextlib.contextmanager
def machine_shared() -> Iterator[None]:
    """Hold while using the CPU: waits until no timing session runs on this machine."""
    with _locked(_opened_folder(), fcntl.LOCK_SH, "a timing session on this machine to end"):
        yield


@contextlib.contextmanager
def machine_exclusive() -> Iterator[None]:
    """Hold while timing: waits until every other step of every run on this machine is done."""
    with _locked(_opened_folder(), fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold while making the artifact that `path`, a file of ours, stands for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def _locked(descriptor: int, kind: int, what: str = "") -> Iterator[None]:
    """Wait for the lock; say so where it is worth a line."""
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if what:
                print(f"retable: waiting for {what}", file=sys.stderr, flush=True)
            fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def machine_lock_folder() -> Path:
    """The folder, made where it is not there, readable to all."""
    path = machine_lock_path()
    path.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):  # another user's: made readable by its owner
        path.chmod(0o755)
    return path


def _opened_folder() -> int:
    return os.open(machine_lock_folder(), os.O_RDONLY | os.O_DIRECTORY)
