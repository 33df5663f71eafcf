"""config/datasets/*.yaml: pictures with their labels, and where they are from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from retable.config.entry import Entry, Name, PluginName, Scalar
from retable.config.model import Task

Split = Literal["train", "val", "calibration"]


class Source(Entry):
    """A file that the data set is made of."""

    url: str
    checksum: str | None = None  # "sha256:..." or "md5:..."; else recorded at the first fetch


class DataSet(Entry):
    """A data set as its loader finds or makes it.

    It is drawn (no `sources`, no `folder`), downloaded (`sources`), or the user's own: `folder`
    then says why, and what lies in the folder that `--config data_folder=...` names.
    """

    dataset: Name
    title: str
    task: Task
    loader: PluginName  # a file in retable_data/sets
    licence: str
    options: dict[str, Scalar] = {}
    sources: list[Source] = []
    folder: str | None = None
    splits: list[Split] = Field(min_length=1)
    calibration: Split = "calibration"  # whose pictures an INT8 graph is calibrated with
    notes: list[str] = []

    @model_validator(mode="after")
    def _has(self) -> Self:
        if self.sources and self.folder:
            raise ValueError("give 'sources' or 'folder', not both")
        if self.calibration not in self.splits:
            raise ValueError(f"calibration: {self.calibration!r} is none of the splits")
        return self
