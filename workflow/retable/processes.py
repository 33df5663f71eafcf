"""Starting other programs: one launcher for all of them, with limits, and no orphans."""

import contextlib
import ctypes
import dataclasses
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from retable.errors import RetableError

TAIL_BYTES = 4000
PIPE_BYTES = 65536
SIGNALS = frozenset(signal.Signals)
VMSTAT = Path("/proc/vmstat")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Exit:
    """How a process ended. `last_lines` is the end of what it wrote to its log."""

    code: int
    seconds: float
    timed_out: bool
    last_lines: str
    out_of_memory: bool = False  # the kernel killed it for what it took

    def of_shell(self) -> "Exit":
        """The same end, where the code is a shell's: 128 and the number of a signal."""
        number = self.code - 128
        return dataclasses.replace(self, code=-number) if number in SIGNALS else self

    def for_memory(self) -> "Exit":
        return dataclasses.replace(self, out_of_memory=True)

    @property
    def signal_name(self) -> str | None:
        """The signal that ended the process, such as `SIGABRT`, or None."""
        return signal.Signals(-self.code).name if self.code < 0 else None


def run(
    command: Sequence[str],
    *,
    log: Path,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    memory_limit_bytes: int | None = None,
) -> Exit:
    """Run `command` to its end, appending its output to `log`: see `Program`."""
    with Program(command, log, environment, memory_limit_bytes) as program:
        return program.wait(timeout_s)


class Program:
    """A program that was started, within a `with` block; its output is appended to `log`.

    It and all its children are killed at the end of the block, and when this process dies.
    `memory_limit_bytes` bounds its private writable memory. With `talks`, it reads lines from us
    and its stdout is read by us, not logged. A program that cannot be started is a `RetableError`.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        memory_limit_bytes: int | None = None,
        talks: bool = False,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("ab") as stream:
            self._start_of_output = stream.tell()
            self._start = time.monotonic()
            self._kills_before = _kills_for_memory()
            self._process = _started(command, stream, environment or {}, memory_limit_bytes, talks)
        self._unread = b""
        self._closed = False

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        _kill_group(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def has_closed(self) -> bool:
        """Whether it was heard to say nothing more: it has ended, or is about to."""
        return self._closed

    def say(self, line: str) -> None:
        """Send a line to the program; nothing happens where it has ended."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def hear(self, timeout_s: float) -> str | None:
        """The next line that the program says; None if it ends, or says none for so long."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return None
            heard = os.read(self._process.stdout.fileno(), PIPE_BYTES)
            if not heard:
                self._closed = True
                return None
            self._unread += heard
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace")

    def wait(self, timeout_s: float) -> Exit:
        """Wait for the program's end, and kill it if the time is over before."""
        timed_out = False
        try:
            self._process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
        _kill_group(self._process)
        seconds = time.monotonic() - self._start
        last_lines = _end(self._log, self._start_of_output)
        ended = Exit(self._process.returncode, seconds, timed_out, last_lines)
        killed = ended.code == -signal.SIGKILL and not timed_out
        return ended.for_memory() if killed and self._kernel_killed() else ended

    def _kernel_killed(self) -> bool:
        """Whether the kernel has killed anything for its memory since the program was started."""
        return _kills_for_memory() > self._kills_before


def die_with_parent(sent: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to signal this process when its parent dies (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sent))


def _kills_for_memory() -> int:
    """How many processes this machine's kernel has killed for their memory; 0: it does not tell."""
    with contextlib.suppress(OSError):
        for line in VMSTAT.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0


def _started(
    command: Sequence[str],
    output: BinaryIO,
    environment: Mapping[str, str],
    memory_limit_bytes: int | None,
    talks: bool,
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else output,
            stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,
            preexec_fn=lambda: _limit(memory_limit_bytes),
        )
    except OSError as error:
        raise RetableError(f"{command[0]} could not be started: {error.strerror}") from None


def _limit(memory_limit_bytes: int | None) -> None:
    die_with_parent(signal.SIGKILL)
    if memory_limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_limit_bytes, memory_limit_bytes))


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end(log: Path, start: int) -> str:
    with log.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(start, size - TAIL_BYTES))
        return stream.read().decode("utf-8", "replace").strip()
