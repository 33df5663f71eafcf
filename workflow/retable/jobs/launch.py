"""The job of the verb `launch`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message


class Warmup(Message):
    """How long a launch runs before it counts: at least this time and this many iterations.

    A model slower than `slow_ms` needs `slow_iterations` only.
    """

    min_ms: float
    min_iterations: int
    slow_ms: float
    slow_iterations: int
    max_ms: float


class Measure(Message):
    """How long a launch counts: at least this time and this many samples, at most `max_ms`."""

    min_ms: float
    min_samples: int
    max_ms: float


class LaunchJob(Message):
    """Time one case in one process."""

    schema_: Literal["retable/launch-job/1"] = Field("retable/launch-job/1", alias="schema")
    backend: str
    engine: dict[str, Artifact]
    sample: Artifact
    post: str
    options: dict[str, Any]
    warmup: Warmup
    measure: Measure
