"""The job of the verb `fidelity`."""

from typing import Literal

from pydantic import Field

from retable.contract import Artifact, Message


class FidelityJob(Message):
    """Compare what a graph computes with the framework's own FP32 output."""

    schema_: Literal["retable/fidelity-job/1"] = Field("retable/fidelity-job/1", alias="schema")
    tail: str
    graph: Artifact
    plain: Artifact  # the graph without a tail: what the tail's own definition is applied to
    sample: Artifact
    reference: Artifact
