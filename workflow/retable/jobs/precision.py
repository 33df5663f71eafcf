"""The job of the verb `precision`."""

from typing import Literal

from pydantic import Field

from retable.contract import Artifact, Message


class PrecisionJob(Message):
    """Turn an FP32 graph into one that computes in another precision."""

    schema_: Literal["retable/precision-job/1"] = Field("retable/precision-job/1", alias="schema")
    precision: str
    source: Artifact
    onnx: str
