"""The job of the verb `export`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, InputShape, Message


class ExportJob(Message):
    """Turn the native weights into ONNX for one input size."""

    schema_: Literal["retable/export-job/1"] = Field("retable/export-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    native: dict[str, Artifact]
    input: InputShape
    opset: int
    onnx: str
