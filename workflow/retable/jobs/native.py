"""The job of the verb `native`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message


class NativeJob(Message):
    """Make what the framework itself loads: from the official weights, or from a seed."""

    schema_: Literal["retable/native-job/1"] = Field("retable/native-job/1", alias="schema")
    exporter: str
    options: dict[str, Any]
    weights: Literal["official", "random"]
    fetched: dict[str, Artifact]
    seed: int
    folder: str
