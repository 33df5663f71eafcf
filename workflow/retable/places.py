"""Where a job runs: a place is opened, takes jobs, and gives their results.

What a job names lies where the job runs, and what its result names lies here again when the result
is given: paths are relative to the working folder on both sides.
"""

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from retable.contract import Message, Result
from retable.errors import ConnectionLost
from retable.outcomes import result_of
from retable.processes import Program

PACKAGES = Path(__file__).resolve().parent.parent  # the folder that holds all packages

PAUSES_S = (5.0, 30.0)  # before another attempt, where a connection was lost
Answer = TypeVar("Answer")

# How the place's machine is locked meanwhile: `none` where another workspace of ours holds it.
Lock = Literal["alone", "shared", "none"]


class Workspace(Protocol):
    """A place that is open: what is started in it ends with it."""

    def start(self, package: str, job: Message, *, log: Path, talks: bool = False) -> "RunningJob":
        """Start a job of one of the in-environment packages, for a `with` block.

        One that `talks` waits for commands as it goes.
        """
        ...


class Place(Protocol):
    """An environment on a machine, this one or another."""

    def opened(
        self, lock: Lock, *, log: Path, memory_limit_mib: int | None = None
    ) -> AbstractContextManager[Workspace]:
        """Open the place for a `with` block, once its machine can be locked as asked."""
        ...


def run_job(
    place: Place,
    package: str,
    job: Message,
    *,
    log: Path,
    timeout_s: float,
    memory_limit_mib: int | None = None,
) -> Result:
    """Run one job in a place that is opened for it; again, where the connection is lost."""

    def attempt() -> Result:
        with (
            place.opened("shared", log=log, memory_limit_mib=memory_limit_mib) as workspace,
            workspace.start(package, job, log=log) as running,
        ):
            return running.result(timeout_s)

    try:
        return retried(attempt, lambda error: None)
    except ConnectionLost as error:
        return Result(outcome="unavailable", reason=str(error))


def retried(attempt: Callable[[], Answer], told: Callable[[ConnectionLost], None]) -> Answer:
    """What `attempt` gives; after a lost connection it is made again, a few times."""
    for pause_s in PAUSES_S:
        try:
            return attempt()
        except ConnectionLost as error:
            told(error)
            time.sleep(pause_s)
    return attempt()


class RunningJob:
    """A job that was started, within a `with` block: its files, and the program that runs it.

    `started` takes the paths of the job and of the result to leave; `collect` is given the result
    before anyone else.
    """

    def __init__(
        self,
        job: Message,
        started: Callable[[Path, Path], Program],
        collect: Callable[[Result], None] | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="retable-")
        job_path = Path(self._folder.name, "job.json")
        self._result_path = Path(self._folder.name, "result.json")
        self._collect = collect
        try:
            job_path.write_text(json.dumps(job.model_dump(by_alias=True)), encoding="utf-8")
            self._program = started(job_path, self._result_path)
        except BaseException:
            self._folder.cleanup()
            raise

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

    @property
    def has_closed(self) -> bool:
        """Whether it has nothing more to say, and is ending."""
        return self._program.has_closed

    def tell(self, command: str) -> None:
        """Send a command to which there is no reply."""
        self._program.say(command)

    def result(self, timeout_s: float) -> Result:
        """Wait for the job's end, and say what it left or what became of it."""
        result = result_of(self._program.wait(timeout_s), self._result_path)
        if self._collect is not None:
            self._collect(result)
        return result
