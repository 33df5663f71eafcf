"""The job of the verb `inputs`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, InputShape, Message


class InputsJob(Message):
    """Bring the pictures of a data set to a network's input size: one array of all.

    Beside it, `<pictures>.placements.json` says of each entry what picture it is of, and where.
    """

    schema_: Literal["retable/inputs-job/1"] = Field("retable/inputs-job/1", alias="schema")
    index: Artifact
    geometry: str
    options: dict[str, Any]
    input: InputShape
    pictures: str  # path of the .npy to make: uint8 [N, height, width, 3], RGB
