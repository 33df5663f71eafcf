"""The job of the verb `launch`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message
from retable.jobs.phone import ReachesPhone


class Warmup(Message):
    """How long a launch runs before it counts: at least this time and this many iterations.

    A model slower than `slow_ms` needs `slow_iterations` only.
    """

    min_ms: float
    min_iterations: int
    slow_ms: float
    slow_iterations: int
    max_ms: float


class Turn(Message):
    """How long a launch measures before another of its session has its turn.

    What it runs before does not count: for `settle_ms`, then until an iteration is undisturbed,
    for `settle_max_ms` at most; of an engine of one thread for `settle_ms` alone.
    """

    settle_ms: float
    settle_max_ms: float
    min_ms: float
    min_samples: int


class Measure(Message):
    """When a launch has measured enough: at least this time and this many samples.

    With a `target`, until the median's interval is that narrow (half its width, relative), or
    `max_ms` have gone.
    """

    min_ms: float
    min_samples: int
    max_ms: float
    target: float | None


class LaunchJob(ReachesPhone):
    """Time one case in one process; `conducted` by a session that gives turns, or by itself."""

    schema_: Literal["retable/launch-job/2"] = Field("retable/launch-job/2", alias="schema")
    backend: str
    engine: dict[str, Artifact]
    sample: Artifact
    post: str
    options: dict[str, Any]
    warmup: Warmup
    turn: Turn
    measure: Measure
    conducted: bool
    reply_timeout_s: float | None = None  # how long each reply is waited for
