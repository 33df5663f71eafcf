"""Time the cases of a block in one exclusive session, one process a launch."""

import argparse
import datetime
import os
import subprocess
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from retable.environments import place_of
from retable.errors import RetableError
from retable.files import read_json, write_json
from retable.jobs.launch import LaunchJob
from retable.locks import machine_exclusive
from retable.places import LocalPlace
from retable.progress import Progress
from retable.records import Record, read_record, verify
from retable.sessions import (
    CaseEnding,
    Launch,
    Session,
    SessionCase,
    SessionJob,
    case_ending,
    launch_order,
)
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, required=True, help="output of 'plan'")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    job = SessionJob.model_validate(read_json(given.plan))
    ready = [_ready(case) for case in job.cases]
    commit = _source_commit()
    progress = Progress(f"time {job.suite} {job.block}", given.log)
    progress.say("waiting for the machine to be free of other steps")
    with machine_exclusive():
        progress.begin()
        started, clock = _now(), time.monotonic()
        launches = _launch_all(job, ready, progress, given.log)
    session = Session(
        job=job,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        source_commit=commit,
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
    place: LocalPlace
    engine: Record
    sample: Record

    @property
    def broken(self) -> Record | None:
        return next((one for one in (self.engine, self.sample) if one.outcome != "ok"), None)


def _ready(case: SessionCase) -> _Ready:
    engine, sample = read_record(Path(case.engine)), read_record(Path(case.sample))
    try:
        verify(engine, sample)
    except RetableError as error:
        raise RetableError(f"case {case.name}: {error}") from None
    return _Ready(case.name, case, place_of(Path(case.environment)), engine, sample)


def _launch_all(
    job: SessionJob, ready: list[_Ready], progress: Progress, log: Path
) -> list[Launch]:
    """Launch the cases in the session's order. A case that has failed is not launched again."""
    cases = {case.name: case for case in ready if case.broken is None}
    waiting = deque(launch_order(list(cases), job.budget.launches, job.seed, job.block))
    launches: list[Launch] = []
    while waiting:
        round_, name = waiting.popleft()
        total = len(launches) + 1 + len(waiting)
        progress.step(len(launches), total, f"round {round_ + 1}/{job.budget.launches}, {name}")
        position = sum(launch.round == round_ for launch in launches)
        launch = _launch(job, cases[name], round_, position, log)
        launches.append(launch)
        if launch.result.outcome != "ok":
            waiting = deque(entry for entry in waiting if entry[1] != name)
            progress.say(f"{name}: {launch.result.outcome}: {launch.result.reason}")
    return launches


def _launch(job: SessionJob, ready: _Ready, round_: int, position: int, log: Path) -> Launch:
    started, clock = _now(), time.monotonic()
    load_average = os.getloadavg()[0]
    limit = job.memory_limit_mib
    result = ready.place.run(
        "retable_runner",
        LaunchJob(
            backend=ready.case.backend,
            engine=ready.engine.artifacts,
            sample=ready.sample.artifacts["sample"],
            post=ready.case.post,
            options=ready.case.options,
            warmup=job.budget.warmup,
            measure=job.budget.measure,
        ),
        log=log,
        timeout_s=job.budget.launch_timeout_s,
        memory_limit_bytes=limit * 2**20 if limit else None,
    )
    return Launch(
        case=ready.name,
        round=round_,
        position=position,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        load_average=load_average,
        result=result,
    )


def _ending(ready: _Ready, launches: list[Launch]) -> CaseEnding:
    if ready.broken is not None:
        reason = f"{ready.broken.step}: {ready.broken.reason}"
        return CaseEnding(outcome=ready.broken.outcome, reason=reason)
    return case_ending([one.result for one in launches if one.case == ready.name])


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _source_commit() -> str | None:
    """The commit of this checkout, with `+` behind it where files differ from it; else None."""
    try:
        top = _git("rev-parse", "--show-toplevel")
        if Path(top).resolve() != Path().resolve():
            return None  # the checkout of something else
        return _git("describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*") or None
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or no repository


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()
