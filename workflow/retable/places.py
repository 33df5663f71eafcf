"""Where a job runs: a place is an entered environment that takes jobs and gives results."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retable.contract import Message, Result
from retable.outcomes import result_of
from retable.processes import Program

PACKAGES = Path(__file__).resolve().parent.parent  # the folder that holds all packages


class LocalPlace:
    """An interpreter of this machine. Paths in jobs are relative to the working folder.

    Its packages are its own: PYTHONPATH and the user's site are kept out, unless it
    `inherits_path`.
    """

    def __init__(self, python: Path, inherits_path: bool = False) -> None:
        self._python = python
        self._inherits_path = inherits_path

    def run(
        self,
        package: str,
        job: Message,
        *,
        log: Path,
        timeout_s: float,
        memory_limit_bytes: int | None = None,
    ) -> Result:
        """Run one job of `retable_export` or `retable_runner` in a process of its own."""
        with self.start(package, job, log=log, memory_limit_bytes=memory_limit_bytes) as running:
            return running.result(timeout_s)

    def start(
        self,
        package: str,
        job: Message,
        *,
        log: Path,
        memory_limit_bytes: int | None = None,
        talks: bool = False,
    ) -> "RunningJob":
        """Start a job, for a `with` block; one that `talks` waits for commands as it goes."""

        def started(arguments: list[str]) -> Program:
            command = [str(self._python), "-m", package, *arguments]
            return Program(command, log, self._surroundings(), memory_limit_bytes, talks)

        return RunningJob(job, started)

    def _surroundings(self) -> dict[str, str]:
        """Variables that keep a run repeatable and its Python to itself."""
        inherited = os.environ.get("PYTHONPATH") if self._inherits_path else None
        path = os.pathsep.join(filter(None, [str(PACKAGES), inherited]))
        isolated = {} if self._inherits_path else {"PYTHONNOUSERSITE": "1"}
        return {"PYTHONPATH": path, "PYTHONHASHSEED": "0", **isolated}


class RunningJob:
    """A job that was started, within a `with` block: its files, and the program that runs it."""

    def __init__(self, job: Message, started: Callable[[list[str]], Program]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="retable-")
        job_path = Path(self._folder.name, "job.json")
        self._result_path = Path(self._folder.name, "result.json")
        job_path.write_text(json.dumps(job.model_dump(by_alias=True)), encoding="utf-8")
        self._program = started([str(job_path), str(self._result_path)])

    def __enter__(self) -> "RunningJob":
        return self

    def __exit__(self, *_: object) -> None:
        self._program.__exit__()
        self._folder.cleanup()

    def ask(self, command: str | None, timeout_s: float) -> dict[str, Any] | None:
        """Send a command, if any, and give the reply; None if none comes in time, or no JSON."""
        if command is not None:
            self._program.say(command)
        reply = self._program.hear(timeout_s)
        try:
            return None if reply is None else json.loads(reply)
        except ValueError:
            return None

    def tell(self, command: str) -> None:
        """Send a command to which there is no reply."""
        self._program.say(command)

    def result(self, timeout_s: float) -> Result:
        """Wait for the job's end, and say what it left or what became of it."""
        return result_of(self._program.wait(timeout_s), self._result_path)
