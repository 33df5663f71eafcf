"""config/datasets/*.yaml: pictures with their labels, and where they are from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from retable.config.entry import Entry, Name, PluginName, Scalar
from retable.config.model import Model, Task

Split = Literal["train", "val", "calibration"]


class Source(Entry):
    """A file that the data set is made of."""

    url: str
    checksum: str | None = None  # "sha256:..." or "md5:..."; else recorded at the first fetch


class Pictures(Entry):
    """What decides a set's pictures and labels: how its loader finds or makes them.

    It is drawn (no `sources`, no `folder`), downloaded (`sources`), or the user's own: `folder`
    then says why, and what lies in the folder that `--config data_folder=...` names.
    """

    dataset: Name
    loader: PluginName  # a file in retable_data/sets
    options: dict[str, Scalar] = {}
    sources: list[Source] = []
    folder: str | None = None

    @property
    def is_drawn(self) -> bool:
        return not self.sources and self.folder is None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.sources and self.folder:
            raise ValueError("give 'sources' or 'folder', not both")
        return self


class DataSet(Pictures):
    """A data set: its pictures, what they are for, and what is said of them."""

    title: str
    task: Task
    labels: Name | None = None  # what its labels mean: scored are models that mean the same
    licence: str
    splits: list[Split] = Field(min_length=1)
    calibration: Split = "calibration"  # whose pictures an INT8 graph is calibrated with
    notes: list[str] = []

    @property
    def pictures(self) -> Pictures:
        return Pictures.model_validate(self.model_dump(include=set(Pictures.model_fields)))

    def judges(self, model: Model) -> bool:
        """Whether what a model predicts is what the set's labels mean."""
        fits = (model.task, model.labels) == (self.task, self.labels)
        return model.preparation is not None and fits

    @model_validator(mode="after")
    def _has_what_calibrates(self) -> Self:
        if self.calibration not in self.splits:
            raise ValueError(f"calibration: {self.calibration!r} is none of the splits")
        return self
