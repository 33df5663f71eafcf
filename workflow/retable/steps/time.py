"""Time the cases of a block in one exclusive session, one process a launch."""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retable.contract import Result
from retable.environments import enter
from retable.errors import RetableError
from retable.files import read_json, write_json
from retable.jobs.launch import LaunchJob
from retable.jobs.watch import WatchJob
from retable.locks import machine_exclusive
from retable.places import LocalPlace, RunningJob
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
    commit, runner = source_commit(), runner_sha256()
    progress = Progress(f"time {job.suite} {job.block}", given.log)
    progress.say("waiting for the machine to be free of other steps")
    with machine_exclusive():
        progress.begin()
        started, clock = now(), time.monotonic()
        with _watched(job, ready, given.log) as telemetry:
            twin, launches = _launch_all(job, ready, progress, given.log)
    session = Session(
        job=job,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        source_commit=commit,
        runner_sha256=runner,
        origins={one.name: origin_of(one.engine, one.sample, one.environment) for one in ready},
        twin=twin,
        telemetry=telemetry,
        cases={case.name: _ending(case, launches) for case in ready},
        launches=launches,
    )
    write_json(given.output, session.model_dump(by_alias=True))
    progress.end(f"{len(launches)} launches in {session.seconds:.0f} s")


@dataclass(frozen=True)
class _Ready:
    """A case with what it is launched from, verified; `broken` is the record that has nothing."""

    name: str
    case: SessionCase
    engine: Record
    sample: Record
    environment: Record

    @property
    def place(self) -> LocalPlace:
        return enter(self.environment)

    @property
    def broken(self) -> Record | None:
        return next((one for one in (self.engine, self.sample) if one.outcome != "ok"), None)


def _ready(case: SessionCase) -> _Ready:
    engine, sample = read_record(Path(case.engine)), read_record(Path(case.sample))
    try:
        verify(engine, sample)
    except RetableError as error:
        raise RetableError(f"case {case.name}: {error}") from None
    return _Ready(case.name, case, engine, sample, read_record(Path(case.environment)))


def _launch_all(
    job: SessionJob, ready: list[_Ready], progress: Progress, log: Path
) -> tuple[str | None, list[Launch]]:
    """Launch the cases in the session's order, one of them twice; return which, and the launches.

    A case that has failed is not launched again.
    """
    cases = {case.name: case for case in ready if case.broken is None}
    chance = order_of(job)
    twin = chance.choice(list(cases)) if cases else None
    waiting = launch_order(list(cases), twin, job.budget.launches, chance)
    launches: list[Launch] = []
    for round_ in range(job.budget.launches):
        made = conduct(
            [entry for entry in waiting if entry.round == round_],
            lambda entry: _start(job, cases[entry.case], _log_of(entry, log)),
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


def _log_of(entry: Entry, log: Path) -> Path:
    """A launch's own log, beside the session's: others write at the same time."""
    return log.with_suffix(f".{entry.case}{'.twin' if entry.twin else ''}.log")


def _teller(progress: Progress, round_: int, rounds: int) -> Callable[[str], None]:
    return lambda what: progress.step(round_, rounds, what)


@contextlib.contextmanager
def _watched(job: SessionJob, ready: list[_Ready], log: Path) -> Iterator[dict[str, Any]]:
    """Watch the machine during the block; what was seen is in the value when it has ended."""
    seen: dict[str, Any] = {}
    if not ready:
        yield seen
        return
    wanted = WatchJob(interval_ms=job.budget.telemetry_ms)
    own = log.with_suffix(".watch.log")
    with ready[0].place.start("retable_runner", wanted, log=own, talks=True) as watch:
        watch.ask(None, WATCH_TIMEOUT_S)
        yield seen
        watch.tell("finish")
        try:
            result = watch.result(WATCH_TIMEOUT_S)
        except RetableError as error:  # the launches are worth more than what was seen beside
            result = Result(outcome="crashed", reason=str(error))
    seen.update(result.facts.get("telemetry") or {"reason": f"{result.outcome}: {result.reason}"})


def _start(job: SessionJob, ready: _Ready, log: Path) -> RunningJob:
    limit = job.memory_limit_mib
    return ready.place.start(
        "retable_runner",
        LaunchJob(
            backend=ready.case.backend,
            engine=ready.engine.artifacts,
            sample=ready.sample.artifacts["sample"],
            post=ready.case.post,
            options=ready.case.options,
            warmup=job.budget.warmup,
            turn=job.budget.turn,
            measure=job.budget.measure,
            conducted=True,
        ),
        log=log,
        memory_limit_bytes=limit * 2**20 if limit else None,
        talks=True,
    )


def _ending(ready: _Ready, launches: list[Launch]) -> CaseEnding:
    if ready.broken is not None:
        reason = f"{ready.broken.step}: {ready.broken.reason}"
        return CaseEnding(outcome=ready.broken.outcome, reason=reason)
    return case_ending([one.result for one in launches if one.entry.case == ready.name])
