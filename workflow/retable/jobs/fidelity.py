"""The job of the verb `fidelity`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from retable.contract import Artifact, Message


class FidelityJob(Message):
    """Compare outputs with the framework's own FP32 output on the same sample, by their names.

    The outputs are what `graph` computes of the sample; or `found` ones, computed elsewhere (arrays
    by output name: .npy, or .npz with an array of that name). With both, the found ones are held
    against the graph's as well.
    """

    schema_: Literal["retable/fidelity-job/2"] = Field("retable/fidelity-job/2", alias="schema")
    tail: str
    graph: Artifact | None = None
    found: dict[str, Artifact] | None = None
    plain: Artifact | None = None  # the graph without a tail: what a tail's definition applies to
    sample: Artifact | None = None  # of no use where nothing is computed
    reference: Artifact

    @model_validator(mode="after")
    def _has_what_it_compares(self) -> Self:
        if self.graph is None and not self.found:
            raise ValueError("give a graph, found outputs, or both")
        if self.tail != "none" and self.plain is None:
            raise ValueError("a tail's definition needs 'plain', the graph without a tail")
        if self.sample is None and (self.graph is not None or self.plain is not None):
            raise ValueError("a graph needs a sample")
        return self
