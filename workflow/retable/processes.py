"""Starting other programs: one launcher for all of them, with limits, and no orphans."""

import contextlib
import ctypes
import os
import resource
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
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Exit:
    """How a process ended. `last_lines` is the end of what it wrote to its log."""

    code: int
    seconds: float
    timed_out: bool
    last_lines: str

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
    """Run `command` to its end, appending its output to `log`.

    The process and all its children are killed when the time is over, when this process is
    interrupted, and when it dies. `memory_limit_bytes` bounds its private writable memory.
    A program that cannot be started is a `RetableError`.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        start_of_output = stream.tell()
        start = time.monotonic()
        process = _started(command, stream, environment or {}, memory_limit_bytes)
        timed_out = False
        try:
            process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _kill_group(process)
    return Exit(process.returncode, time.monotonic() - start, timed_out, _end(log, start_of_output))


def die_with_parent(sent: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to signal this process when its parent dies (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sent))


def _started(
    command: Sequence[str],
    output: BinaryIO,
    environment: Mapping[str, str],
    memory_limit_bytes: int | None,
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
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
