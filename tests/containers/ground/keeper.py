"""Keeping a program and all that it starts for as long as we live, and leaving nothing of it.

The keeper is a process of its own. Its stdin ends when the process that started it ends, however
that was: finished, interrupted or killed. Then it stops the program, kills what the program left
running, and removes its folder and its control groups. The program mounts what it likes in a
mount namespace of its own, which ends with it; what it writes below /run stays in the folder.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20
LAST_LINES = 5
_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# In /etc/docker a daemon would leave a key, and read a configuration that is not ours.
_PRIVATE_MOUNTS = """
mount -t overlay overlay -o "lowerdir=/run,upperdir=$0/run/upper,workdir=$0/run/work" /run &&
{ [ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker; } &&
exec "$@"
"""


class Failed(Exception):
    """The program did not start or ended by itself; what it said last."""


class Keeper:
    """A program that is kept: see `kept`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return as soon as `ready` says so; `Failed` if the program ends, or takes too long."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            if self._process.poll() is not None:
                raise Failed(self._process.stdout.read().strip() or "it ended and said nothing")
            if time.monotonic() > deadline:
                raise Failed(f"it was not ready after {START_TIMEOUT_S} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the program and wait until nothing is left; once stopped, do nothing."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def new_folder() -> Path:
    """A folder for one program: its keeper removes it."""
    return Path(tempfile.mkdtemp(prefix="retable-ground-"))


@contextlib.contextmanager
def kept(folder: Path, command: Sequence[str]) -> Iterator[Keeper]:
    """Run `command` until the end of the block, its output in `folder`/log."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(folder), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    keeper = Keeper(process)
    try:
        yield keeper
    finally:
        keeper.stop()


def main(folder: Path, command: Sequence[str]) -> None:
    """Be the keeper of `command`."""
    # Not ignored, which the program would inherit: heard, and nothing done.
    for heard in (signal.SIGINT, signal.SIGHUP):
        signal.signal(heard, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    program = _started(folder, command)
    try:
        _wait_for_end_of_stdin_or(program)
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if program.poll() is not None:
        lines = (folder / "log").read_text(errors="replace").splitlines()
        print("\n".join(lines[-LAST_LINES:]), flush=True)
    _stop(program)
    for group in sorted(_control_groups(folder.name), reverse=True):
        group.rmdir()
    shutil.rmtree(folder)


def _started(folder: Path, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    for part in ("upper", "work"):
        (folder / "run" / part).mkdir(parents=True)
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _PRIVATE_MOUNTS, str(folder), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),
        )


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value)


def _wait_for_end_of_stdin_or(program: "subprocess.Popen[bytes]") -> None:
    ended = os.pidfd_open(program.pid)
    while not select.select([sys.stdin, ended], [], [], 1.0)[0]:
        _reap(program.pid)


def _stop(program: "subprocess.Popen[bytes]") -> None:
    program.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(STOP_TIMEOUT_S)
    # An orphan becomes our child, since we are a reaper: by and by all of them do.
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while (left := _children()) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(0.01)


def _children() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def _reap(but: int | None = None) -> None:
    """Take note of the children that ended, but of the one whose end another waits for."""
    for pid in _children():
        if pid != but:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _control_groups(name: str) -> list[Path]:
    """The control groups called `name`, of all hierarchies, and those below them."""
    roots = [_CONTROL_GROUPS / name, *_CONTROL_GROUPS.glob(f"*/{name}")]
    return [group for root in roots for group in root.glob("**/")]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
