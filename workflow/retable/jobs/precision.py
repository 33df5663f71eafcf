"""The job of the verb `precision`."""

from typing import Literal

from pydantic import Field

from retable.contract import Artifact, Message


class PrecisionJob(Message):
    """Turn an FP32 graph into one that computes in another precision."""

    schema_: Literal["retable/precision-job/2"] = Field("retable/precision-job/2", alias="schema")
    precision: str
    source: Artifact
    onnx: str
    calibration: Artifact | None = None  # an .npz: prepared images [N, ...] by input name
