"""A timing session: what it is asked to do, the order of its launches, and what it leaves."""

import random
from typing import Any, Literal

from pydantic import Field

from retable.config.budget import Budget
from retable.contract import Message, OutcomeName, Result


class SessionCase(Message):
    """One case of a session: its name in the block, and the records it is made of."""

    name: str
    backend: str  # the file in retable_runner/backends
    environment: str  # path of the record of the environment on the device
    engine: str  # path of the engine's record
    sample: str  # path of the sample input's record
    post: str
    options: dict[str, Any]  # of the launch: threads, flags


class SessionJob(Message):
    """A block to time. The workflow passes it on the command line: it is all that is timed."""

    suite: str
    block: str
    device: str
    memory_limit_mib: int | None
    budget: Budget
    seed: int
    cases: list[SessionCase]


class Launch(Message):
    """One process of one case: its place in the session's order, and all that it measured."""

    case: str
    round: int  # from 0; every case is launched once a round
    position: int  # from 0, within the round
    started: str  # UTC, ISO 8601
    seconds: float  # of the whole process, loading and warm-up included
    load_average: float  # of the machine, over the minute before the launch
    result: Result


class CaseEnding(Message):
    """What became of a case: how many of its launches counted, or why it has no number."""

    outcome: OutcomeName
    reason: str | None


class Session(Message):
    """One exclusive use of a device for a block: the tracked output of the step `time`."""

    schema_: Literal["retable/session/1"] = Field("retable/session/1", alias="schema")
    job: SessionJob
    started: str
    seconds: float
    source_commit: str | None
    cases: dict[str, CaseEnding]
    launches: list[Launch]


def launch_order(cases: list[str], rounds: int, seed: int, block: str) -> list[tuple[int, str]]:
    """Every case once a round, each round in a random order of its own: (round, case) pairs.

    The order is a function of the seed and the block's name, so that a session can be repeated.
    """
    chance = random.Random(f"{seed} {block}")  # noqa: S311
    order = []
    for round_ in range(rounds):
        order += [(round_, name) for name in chance.sample(cases, len(cases))]
    return order


def case_ending(results: list[Result]) -> CaseEnding:
    """A case is `ok` if every launch was; else it ended as its first failed launch did."""
    failed = next((result for result in results if result.outcome != "ok"), None)
    if failed is not None:
        return CaseEnding(outcome=failed.outcome, reason=failed.reason)
    return CaseEnding(outcome="ok", reason=None)
