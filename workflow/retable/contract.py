"""What the host and the in-environment packages say to each other: one job file, one result file.

None of the in-environment packages imports this module: they read the same keys from JSON. Here
stands what all verbs share; each verb's job is a module of `retable.jobs`, so that a new verb
changes nothing for the others. `workflow/schemas/` holds the generated schemas.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

OutcomeName = Literal[
    "ok",
    "not_converged",
    "unsupported",
    "build_failed",
    "out_of_memory",
    "timeout",
    "crashed",
    "unavailable",
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Message(BaseModel):
    """A JSON object with exactly the keys of its schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Artifact(Message):
    """A file that a step made or reads: path relative to the working folder, and what it holds."""

    path: str
    sha256: Sha256
    bytes: int


class InputShape(Message):
    """The size of a network's input image, in pixels, and how many of them go in at once."""

    height: int
    width: int
    batch: int = 1


class Result(Message):
    """What an in-environment process leaves behind, whatever its job was."""

    schema_: Literal["retable/result/1"] = Field("retable/result/1", alias="schema")
    outcome: OutcomeName
    reason: str | None = None
    artifacts: dict[str, Artifact] = {}
    versions: dict[str, str] = {}
    facts: dict[str, Any] = {}
    samples: dict[str, list[float]] = {}  # field -> milliseconds, one per iteration
    contention: dict[str, list[float]] = {}  # counter -> what was counted during each iteration


def artifacts_in(value: Any) -> Iterator[Artifact]:
    """All files that a message names, wherever in it."""
    if isinstance(value, Artifact):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from artifacts_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from artifacts_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from artifacts_in(part)
