"""The machine-wide lock: timing holds it alone, CPU-heavy steps share it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def machine_lock_path() -> Path:
    """One file for all users and checkouts of this machine, whatever their TMPDIR.

    RETABLE_MACHINE_LOCK names another, for tests.
    """
    return Path(os.environ.get("RETABLE_MACHINE_LOCK", "/tmp/retable.machine.lock"))


@contextlib.contextmanager
def machine_shared() -> Iterator[None]:
    """Hold while using the CPU: waits until no timing session runs on this machine."""
    with _locked(machine_lock_path(), fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def machine_exclusive() -> Iterator[None]:
    """Hold while timing: waits until every other step of every run on this machine is done."""
    with _locked(machine_lock_path(), fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold while making the artifact that `path` stands for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path, fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    descriptor = _opened(path)
    with contextlib.suppress(PermissionError):  # another user's file: made writable by its owner
        path.chmod(0o666)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Open the file, made only where there is none.

    Linux refuses to open another user's file in a sticky folder such as /tmp if it might create
    it (fs.protected_regular).
    """
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
