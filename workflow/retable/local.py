"""The place on this machine: an interpreter, and processes of it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from retable.contract import Message, Result
from retable.locks import machine_exclusive, machine_shared
from retable.places import PACKAGES, Lock, RunningJob
from retable.processes import Program

LOCKS: dict[Lock, Callable[[], AbstractContextManager[None]]] = {
    "alone": machine_exclusive,
    "shared": machine_shared,
    "none": contextlib.nullcontext,
}


class LocalPlace:
    """An interpreter of this machine.

    Its packages are its own: PYTHONPATH and the user's site are kept out, unless it
    `inherits_path`.
    """

    def __init__(self, python: Path, inherits_path: bool = False) -> None:
        self._python = python
        self._inherits_path = inherits_path

    @contextlib.contextmanager
    def opened(
        self, lock: Lock, *, log: Path, memory_limit_mib: int | None = None
    ) -> "Iterator[LocalWorkspace]":
        """Lock the machine; the memory limit is each process's own."""
        with LOCKS[lock]():
            yield LocalWorkspace(self._python, self._inherits_path, memory_limit_mib)


class LocalWorkspace:
    """Starts jobs as children of this process."""

    def __init__(
        self, python: Path, inherits_path: bool = False, memory_limit_mib: int | None = None
    ) -> None:
        self._python = python
        self._inherits_path = inherits_path
        self._memory_limit_bytes = memory_limit_mib * 2**20 if memory_limit_mib else None

    def start(
        self,
        package: str,
        job: Message,
        *,
        log: Path,
        talks: bool = False,
        collect: Callable[[Result], None] | None = None,
    ) -> RunningJob:
        def started(job_path: Path, result_path: Path) -> Program:
            command = [str(self._python), "-m", package, str(job_path), str(result_path)]
            return Program(command, log, self._surroundings(), self._memory_limit_bytes, talks)

        return RunningJob(job, started, collect)

    def _surroundings(self) -> dict[str, str]:
        """Variables that keep a run repeatable and its Python to itself."""
        inherited = os.environ.get("PYTHONPATH") if self._inherits_path else None
        path = os.pathsep.join(filter(None, [str(PACKAGES), inherited]))
        isolated = {} if self._inherits_path else {"PYTHONNOUSERSITE": "1"}
        return {"PYTHONPATH": path, "PYTHONHASHSEED": "0", **isolated}
