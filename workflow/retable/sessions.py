"""A timing session: what it is asked to do, the order of its launches, and what it leaves."""

from random import Random
from typing import Any, Literal

from pydantic import Field

from retable.config.budget import Budget
from retable.contract import Artifact, Message, OutcomeName, Result

MEASURED = ("ok", "not_converged")  # the outcomes of a launch that has samples


class SessionCase(Message):
    """One case of a session: its name in the block, and the records it is made of."""

    name: str
    backend: str  # the file in retable_runner/backends
    environment: str  # path of the record of the environment on the device
    engine: str  # path of the engine's record
    program: str | None = None  # path of the record of a program that is brought along
    sample: str  # path of the sample input's record
    post: str
    options: dict[str, Any]  # of the launch: threads, flags


class SessionJob(Message):
    """A block to time, all of it: what the verb `plan` writes, and `time` reads."""

    suite: str
    block: str
    device: str
    memory_limit_mib: int | None
    resident: int | None  # how many launches the device can hold at a time; None: a whole round
    budget: Budget
    seed: int
    cases: list[SessionCase]


class Entry(Message):
    """A launch that a session is to make: of a case, or of its `twin`, the same case once more."""

    case: str
    round: int  # from 0; every case is launched once a round
    position: int  # from 0, within the round
    twin: bool


class Launch(Message):
    """One process of one case: its place in the session's order, and all that it measured."""

    entry: Entry
    started: str  # UTC, ISO 8601
    seconds: float  # of the whole process, others' warm-up, turns and passes included
    load_average: float | None  # of the device, over the minute before; None: it did not say
    result: Result


class Origin(Message):
    """What a case was made of: the same hashes, the same thing timed."""

    source: dict[str, str]  # sha256 of the graph, or the native files, by role
    engine: dict[str, Artifact]
    engine_identity: str | None  # of all that the engine was built from and for: see steps.build
    elsewhere: list[str] = []  # nodes that do not run on the processor meant, as the build told
    sample: Artifact | None
    environment: str  # identity of its packages and interpreter: the lock's hash, or the list's
    image: str | None = None  # in a container: Docker's own identity of its image
    phone: str | None = None  # on a phone: its serial, as its probe told it


class CaseEnding(Message):
    """What became of a case: how many of its launches counted, or why it has no number."""

    outcome: OutcomeName
    reason: str | None


class Session(Message):
    """One exclusive use of a device for a block: the tracked output of the step `time`."""

    schema_: Literal["retable/session/2"] = Field("retable/session/2", alias="schema")
    job: SessionJob
    started: str
    seconds: float
    source_commit: str | None
    runner_sha256: str  # of the code that ran on the device
    origins: dict[str, Origin]  # what each case was made of
    twin: str | None  # the case that was launched twice a round: what lies between is noise
    telemetry: dict[str, Any]  # what the machine did meanwhile: see retable_runner.telemetry
    cases: dict[str, CaseEnding]
    launches: list[Launch]


def launch_order(cases: list[str], twin: str | None, rounds: int, chance: Random) -> list[Entry]:
    """Every case once a round, one of them twice; each round in a random order of its own."""
    twins = [] if twin is None else [(twin, True)]
    wanted = [(name, False) for name in cases] + twins
    return [
        Entry(case=name, round=round_, position=position, twin=is_twin)
        for round_ in range(rounds)
        for position, (name, is_twin) in enumerate(chance.sample(wanted, len(wanted)))
    ]


def launches_of(session: Session, case: str, twin: bool = False) -> list[Launch]:
    """The launches of a case, or of its twin, in the order of the session."""
    return [
        launch
        for launch in session.launches
        if launch.entry.case == case and launch.entry.twin == twin
    ]


def order_of(job: SessionJob) -> Random:
    """What decides a session's orders: the seed and the block's name, so it can be repeated."""
    return Random(f"{job.seed} {job.block}")  # noqa: S311


def case_ending(results: list[Result]) -> CaseEnding:
    """A case ended as its first launch without samples did; else as the worst of the others."""
    failed = next((result for result in results if result.outcome not in MEASURED), None)
    if failed is not None:
        return CaseEnding(outcome=failed.outcome, reason=failed.reason)
    unconverged = [result for result in results if result.outcome == "not_converged"]
    if unconverged:
        reason = f"in {len(unconverged)} of {len(results)} launches: {unconverged[0].reason}"
        return CaseEnding(outcome="not_converged", reason=reason)
    return CaseEnding(outcome="ok", reason=None)
