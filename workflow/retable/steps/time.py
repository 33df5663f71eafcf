"""Time the cases of a block in one exclusive session, one process a launch."""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retable.contract import Artifact, Result
from retable.environments import enter
from retable.errors import ConnectionLost, RetableError
from retable.files import read_json, write_json
from retable.jobs.launch import LaunchJob
from retable.jobs.watch import WatchJob
from retable.places import Lock, RunningJob, Workspace, retried
from retable.progress import Progress
from retable.provenance import origin_of, runner_sha256, source_commit
from retable.records import Record, read_record, verify
from retable.rounds import conduct, now
from retable.sessions import (
    MEASURED,
    CaseEnding,
    Entry,
    Launch,
    Session,
    SessionCase,
    SessionJob,
    case_ending,
    launch_order,
    order_of,
)
from retable.steps.options import add_output

WATCH_TIMEOUT_S = 30.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, required=True, help="output of 'plan'")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    job = SessionJob.model_validate(read_json(given.plan))
    ready = [_ready(case) for case in job.cases]
    progress = Progress(f"time {job.suite} {job.block}", given.log)
    session = _retried(_blank(job, ready), ready, progress, given.log)
    write_json(given.output, session.model_dump(by_alias=True))
    progress.end(f"{len(session.launches)} launches in {session.seconds:.0f} s")


def _blank(job: SessionJob, ready: "list[_Ready]") -> Session:
    """The session as it is before anything was launched."""
    return Session(
        job=job,
        started=now(),
        seconds=0.0,
        source_commit=source_commit(),
        runner_sha256=runner_sha256(),
        origins={
            one.name: origin_of(one.engine, one.files, one.sample, one.environment) for one in ready
        },
        twin=None,
        telemetry={},
        cases={},
        launches=[],
    )


def _retried(blank: Session, ready: "list[_Ready]", progress: Progress, log: Path) -> Session:
    """The session as it was made; begun anew where the connection to the device was lost."""
    try:
        return retried(
            lambda: _made(blank, ready, progress, log),
            told=lambda error: progress.say(f"{error}; once more"),
        )
    except ConnectionLost as error:
        lost = CaseEnding(outcome="unavailable", reason=str(error))
        cases = {one.name: one.unfit or lost for one in ready}
        return blank.model_copy(update={"cases": cases, "telemetry": {"reason": str(error)}})


def _made(blank: Session, ready: "list[_Ready]", progress: Progress, log: Path) -> Session:
    fit = [one for one in ready if one.unfit is None]
    progress.say("waiting for the machine to be free of other steps")
    with _opened(blank.job, fit, log) as workspaces:
        progress.begin()
        started, clock = now(), time.monotonic()
        with _watched(blank.job, workspaces, log) as telemetry:
            twin, launches = _launch_all(blank.job, fit, workspaces, progress, log)
        seconds = time.monotonic() - clock
    return blank.model_copy(
        update={
            "started": started,
            "seconds": round(seconds, 3),
            "twin": twin,
            "telemetry": telemetry,
            "cases": {one.name: one.unfit or _ending(one.name, launches) for one in ready},
            "launches": launches,
        }
    )


@dataclass(frozen=True)
class _Ready:
    """A case with what it is launched from, verified."""

    name: str
    case: SessionCase
    engine: Record
    sample: Record
    environment: Record
    program: Record | None

    @property
    def unfit(self) -> CaseEnding | None:
        """Why the case has nothing to launch, if so."""
        broken = next((one for one in self.made_of if one.outcome != "ok"), None)
        if broken is None:
            return None
        return CaseEnding(outcome=broken.outcome, reason=f"{broken.step}: {broken.reason}")

    @property
    def made_of(self) -> list[Record]:
        """What a launch needs, the device included: its probe says when it did not answer."""
        program = [self.program] if self.program else []
        return [self.engine, self.sample, *program, self.environment]

    @property
    def files(self) -> dict[str, Artifact]:
        """The engine's, and the program that is brought along."""
        brought = self.program.artifacts if self.program else {}
        return {**self.engine.artifacts, **brought}


def _ready(case: SessionCase) -> _Ready:
    engine, sample = read_record(Path(case.engine)), read_record(Path(case.sample))
    program = read_record(Path(case.program)) if case.program else None
    try:
        verify(engine, sample, *([program] if program else []))
    except RetableError as error:
        raise RetableError(f"case {case.name}: {error}") from None
    return _Ready(case.name, case, engine, sample, read_record(Path(case.environment)), program)


@contextlib.contextmanager
def _opened(job: SessionJob, fit: list[_Ready], log: Path) -> Iterator[dict[str, Workspace]]:
    """The cases' environments, by path, all open; the machine is locked with the first."""
    lock: Lock = "alone"
    with contextlib.ExitStack() as stack:
        workspaces: dict[str, Workspace] = {}
        for one in fit:
            if one.case.environment not in workspaces:
                place = enter(one.environment)
                opened = place.opened(lock, log=log, memory_limit_mib=job.memory_limit_mib)
                workspaces[one.case.environment] = stack.enter_context(opened)
                lock = "none"
        yield workspaces


def _launch_all(
    job: SessionJob,
    fit: list[_Ready],
    workspaces: dict[str, Workspace],
    progress: Progress,
    log: Path,
) -> tuple[str | None, list[Launch]]:
    """Launch the cases in the session's order, one of them twice; return which, and the launches.

    A case that has failed is not launched again.
    """
    cases = {one.name: one for one in fit}
    chance = order_of(job)
    twin = chance.choice(_candidates(fit)) if cases else None
    waiting = launch_order(list(cases), twin, job.budget.launches, chance)
    launches: list[Launch] = []
    for round_ in range(job.budget.launches):
        made = conduct(
            [entry for entry in waiting if entry.round == round_],
            lambda entry: _start(job, cases[entry.case], workspaces, _log_of(entry, log)),
            resident=job.resident,
            reply_timeout_s=job.budget.reply_timeout_s,
            chance=chance,
            told=_teller(progress, round_, job.budget.launches),
        )
        launches += made
        failed = {one.entry.case: one.result for one in made if one.result.outcome not in MEASURED}
        waiting = [entry for entry in waiting if entry.case not in failed]
        for name, result in failed.items():
            progress.say(f"{name}: {result.outcome}: {result.reason}")
    return twin, launches


def _candidates(fit: list[_Ready]) -> list[str]:
    """The cases that may be timed twice: engines alone, where there are some.

    What follows an engine on the host has a noise of its own, which is not that of the others.
    """
    alone = [one.name for one in fit if one.case.post == "none"]
    return alone or [one.name for one in fit]


def _log_of(entry: Entry, log: Path) -> Path:
    """A launch's own log, beside the session's: others write at the same time."""
    return log.with_suffix(f".{entry.case}{'.twin' if entry.twin else ''}.log")


def _teller(progress: Progress, round_: int, rounds: int) -> Callable[[str], None]:
    return lambda what: progress.step(round_, rounds, what)


@contextlib.contextmanager
def _watched(
    job: SessionJob, workspaces: dict[str, Workspace], log: Path
) -> Iterator[dict[str, Any]]:
    """Watch the machine during the block; what was seen is in the value when it has ended."""
    seen: dict[str, Any] = {}
    first = next(iter(workspaces.values()), None)
    if first is None:
        yield seen
        return
    wanted = WatchJob(interval_ms=job.budget.telemetry_ms)
    own = log.with_suffix(".watch.log")
    with first.start("retable_runner", wanted, log=own, talks=True) as watch:
        watch.ask(None, WATCH_TIMEOUT_S)
        yield seen
        watch.tell("finish")
        try:
            result = watch.result(WATCH_TIMEOUT_S)
        except ConnectionLost:
            raise
        except RetableError as error:  # the launches are worth more than what was seen beside
            result = Result(outcome="crashed", reason=str(error))
    seen.update(result.facts.get("telemetry") or {"reason": f"{result.outcome}: {result.reason}"})


def _start(
    job: SessionJob, ready: _Ready, workspaces: dict[str, Workspace], log: Path
) -> RunningJob:
    return workspaces[ready.case.environment].start(
        "retable_runner",
        LaunchJob(
            backend=ready.case.backend,
            engine=ready.files,
            sample=ready.sample.artifacts["sample"],
            post=ready.case.post,
            options=ready.case.options,
            warmup=job.budget.warmup,
            turn=job.budget.turn,
            measure=job.budget.measure,
            conducted=True,
            reply_timeout_s=job.budget.reply_timeout_s,
        ),
        log=log,
        talks=True,
    )


def _ending(case: str, launches: list[Launch]) -> CaseEnding:
    return case_ending([one.result for one in launches if one.entry.case == case])
