"""Time the cases of a block in one exclusive session, one process a launch."""

import argparse
import datetime
import os
import subprocess
import time
from collections import deque
from pathlib import Path

from retable.contract import LaunchJob, Result
from retable.environments import place_of
from retable.errors import RetableError
from retable.files import read_json, verified, write_json
from retable.locks import machine_exclusive
from retable.progress import Progress
from retable.records import Record, read_record
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
    engines = {case.name: read_record(Path(case.engine)) for case in job.cases}
    for case in job.cases:
        _verify(case, engines[case.name])
    progress = Progress(f"time {job.suite} {job.block}", given.log)
    progress.say("waiting for the machine to be free of other steps")
    started, clock = _now(), time.monotonic()
    with machine_exclusive():
        launches, endings = _launch_all(job, engines, progress, given.log)
    session = Session(
        job=job,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        source_commit=_source_commit(),
        cases=endings,
        launches=launches,
    )
    write_json(given.output, session.model_dump(by_alias=True))
    progress.end(f"{len(launches)} launches in {session.seconds:.0f} s")


def _launch_all(
    job: SessionJob, engines: dict[str, Record], progress: Progress, log: Path
) -> tuple[list[Launch], dict[str, CaseEnding]]:
    """Launch the cases whose engine was built, in the session's order, until each has failed or
    is done. A case that fails once is not launched again."""
    endings = {
        name: CaseEnding(outcome=engine.outcome, reason=f"{engine.step}: {engine.reason}")
        for name, engine in engines.items()
        if engine.outcome != "ok"
    }
    cases = {case.name: case for case in job.cases if case.name not in endings}
    waiting = deque(launch_order(list(cases), job.budget.launches, job.seed, job.block))
    launches: list[Launch] = []
    position, current_round = 0, 0
    while waiting:
        round_, name = waiting.popleft()
        position = position + 1 if round_ == current_round and launches else 0
        current_round = round_
        progress.step(
            len(launches),
            len(launches) + len(waiting) + 1,
            f"round {round_ + 1}/{job.budget.launches}, {name}",
        )
        launch = _launch(job, cases[name], engines[name], round_, position, log)
        launches.append(launch)
        if launch.result.outcome != "ok":
            waiting = deque(entry for entry in waiting if entry[1] != name)
            progress.say(f"{name}: {launch.result.outcome}: {launch.result.reason}")
    for name in cases:
        endings[name] = case_ending([one.result for one in launches if one.case == name])
    return launches, {case.name: endings[case.name] for case in job.cases}


def _launch(
    job: SessionJob, case: SessionCase, engine: Record, round_: int, position: int, log: Path
) -> Launch:
    started, clock = _now(), time.monotonic()
    load_average = os.getloadavg()[0]
    limit = job.memory_limit_mib
    result: Result = place_of(Path(case.environment)).run(
        "retable_runner",
        LaunchJob(
            backend=case.backend,
            engine=engine.artifacts,
            sample=read_record(Path(case.graph)).artifacts["sample"],
            post=case.post,
            options=case.options,
            warmup=job.budget.warmup,
            measure=job.budget.measure,
        ),
        log=log,
        timeout_s=job.budget.launch_timeout_s,
        memory_limit_bytes=limit * 2**20 if limit else None,
    )
    return Launch(
        case=case.name,
        round=round_,
        position=position,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        load_average=load_average,
        result=result,
    )


def _verify(case: SessionCase, engine: Record) -> None:
    if engine.outcome != "ok":
        return
    try:
        for made in engine.artifacts.values():
            verified(made)
    except RetableError as error:
        raise RetableError(f"case {case.name}: {error}") from None


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _source_commit() -> str | None:
    """The commit of the checkout, with `+` behind it where files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
        check=False,
        capture_output=True,
        text=True,
    )
    return described.stdout.strip() or None
