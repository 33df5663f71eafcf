"""The job of the verb `sample`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, InputShape, Message


class SampleJob(Message):
    """Make one input to run a network on: of the first pictures given, or from a seed."""

    schema_: Literal["retable/sample-job/2"] = Field("retable/sample-job/2", alias="schema")
    exporter: str
    options: dict[str, Any]
    input: InputShape
    seed: int
    pictures: Artifact | None = None  # an .npy: uint8 [N, height, width, 3], RGB
    sample: str  # path of the .npz to make: one array an input, by name
