"""The job of the verb `tail`."""

from typing import Literal

from pydantic import Field

from retable.contract import Artifact, Message


class TailJob(Message):
    """Fuse a tail behind the graph of an ONNX file."""

    schema_: Literal["retable/tail-job/1"] = Field("retable/tail-job/1", alias="schema")
    tail: str
    source: Artifact
    onnx: str
