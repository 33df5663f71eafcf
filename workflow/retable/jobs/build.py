"""The job of the verb `build`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message


class BuildJob(Message):
    """Turn an ONNX file (or, for native roles, the framework's own files) into an engine."""

    schema_: Literal["retable/build-job/1"] = Field("retable/build-job/1", alias="schema")
    backend: str
    source: dict[str, Artifact]
    precision: str
    options: dict[str, Any]
    folder: str
