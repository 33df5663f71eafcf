"""The job of the verb `sample`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import InputShape, Message


class SampleJob(Message):
    """Make an input to run a network on, where no data set is needed."""

    schema_: Literal["retable/sample-job/1"] = Field("retable/sample-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    input: InputShape
    seed: int
    sample: str  # path of the .npz to make: one array an input, by name
