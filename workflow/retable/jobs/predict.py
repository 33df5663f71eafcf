"""The job of the verb `predict`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, InputShape, Message


class PredictJob(Message):
    """Run an engine on many pictures, or on the sample, and keep what it says of each.

    Either `pictures` (.npy, uint8 [N, height, width, 3]), prepared as `preparation` says, or
    `sample` (.npz of tensors).
    """

    schema_: Literal["retable/predict-job/1"] = Field("retable/predict-job/1", alias="schema")
    backend: str
    engine: dict[str, Artifact]
    options: dict[str, Any]
    post: str
    pictures: Artifact | None
    preparation: dict[str, Any] | None
    sample: Artifact | None
    input: InputShape
    keep: Literal["labels", "outputs"] | list[str]  # "outputs": all; or those of these names
    folder: str  # of the arrays to make, one an output: [N, ...]
