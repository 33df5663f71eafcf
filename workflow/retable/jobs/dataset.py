"""The job of the verb `dataset`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message


class DatasetJob(Message):
    """Make or find the pictures of a split and their labels; leave the index of them.

    Where the set needs the user's own folder, `options` has it as `folder`.
    """

    schema_: Literal["retable/dataset-job/1"] = Field("retable/dataset-job/1", alias="schema")
    set: str
    options: dict[str, Any]
    fetched: dict[str, Artifact]
    split: str
    images: int | None  # the first ones only
    folder: str
