"""The job of the verb `score`."""

from typing import Any, Literal

from pydantic import Field

from retable.contract import Artifact, Message


class ScoreJob(Message):
    """Hold predictions against the labels of a data set."""

    schema_: Literal["retable/score-job/1"] = Field("retable/score-job/1", alias="schema")
    metric: str
    options: dict[str, Any]
    index: Artifact
    placements: Artifact
    predictions: dict[str, Artifact]
