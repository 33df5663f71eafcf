"""The job of the verb `reference`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, InputShape, Message


class ReferenceJob(Message):
    """Run the framework itself, in FP32, on the sample: what every later stage is held against."""

    schema_: Literal["retable/reference-job/1"] = Field("retable/reference-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    native: dict[str, Artifact]
    input: InputShape
    sample: Artifact
    reference: str  # path of the .npz to make: one array an output, by name
