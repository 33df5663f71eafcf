"""The job of the verb `prepare`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message


class PrepareJob(Message):
    """Turn pictures into a network's input, as its framework does it."""

    schema_: Literal["retable/prepare-job/1"] = Field("retable/prepare-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    pictures: Artifact  # an .npy: uint8 [N, height, width, 3], RGB
    tensors: str  # path of the .npz to make: one array an input, by name
