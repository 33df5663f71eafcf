"""config/models/*.yaml: a network, where its official weights are, and who builds it."""

from typing import Literal, Self

from pydantic import model_validator

from retable.config.entry import Entry, Name, PluginName, Scalar

Framework = Literal["torch", "tensorflow", "paddle", "null"]
Task = Literal["segmentation", "detection", "keypoints"]


class Embedded(Entry):
    """Weights that lie in this repository, trained by a script of it on an embedded data set."""

    file: str  # relative to the checkout
    trained_on: Name


class Weights(Entry):
    """The official weights: a URL, or the reason why nobody can have them."""

    url: str | None = None
    checksum: str | None = None  # "sha256:..." or "md5:..."; else recorded at the first fetch
    licence: str | None = None
    source: str | None = None
    folder: str | None = None  # inside an archive: what is taken from it
    unpublished: str | None = None
    embedded: Embedded | None = None  # what is used where the official ones cannot be had

    @model_validator(mode="after")
    def _url_or_reason(self) -> Self:
        if (self.url is None) == (self.unpublished is None):
            raise ValueError(
                "give either 'url' (where the official weights are) or 'unpublished' "
                "(why there are none, so that only random weights can be used)"
            )
        return self


class Preparation(Entry):
    """How a picture becomes the network's input: (picture in `order` / divide - mean) / std.

    `geometry` says what of the picture goes in (a file in retable_data/geometries, with its
    `options`); mean and std have a value a channel, after the division. A uint8 input takes the
    picture as it is.
    """

    input: str  # its name
    geometry: PluginName
    options: dict[str, Scalar] = {}
    order: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    dtype: Literal["float32", "uint8"] = "float32"
    divide: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def placement(self) -> str:
        """Its geometry with its options, as a folder's name: `squash`, `person-udp=True`."""
        return "-".join([self.geometry, *(f"{key}={self.options[key]}" for key in self.options)])

    @model_validator(mode="after")
    def _uint8_as_it_is(self) -> Self:
        if self.dtype == "uint8" and {"divide", "mean", "std"} & self.model_fields_set:
            raise ValueError("a uint8 input takes pictures as they are: no divide, mean or std")
        if not all(self.std) or not self.divide:
            raise ValueError("divide and std cannot be 0")
        return self


class Model(Entry):
    """A network as an exporter builds it. `parameters` bounds its number of weights.

    With a `task` and a `preparation` it can be given pictures, and its predictions be scored.
    """

    model: Name
    title: str
    framework: Framework
    exporter: PluginName
    options: dict[str, Scalar | list[Scalar]] = {}
    task: Task | None = None
    labels: Name | None = None  # what its predictions mean: a word that data sets have too
    metric_options: dict[str, Scalar] = {}  # over those of the suite's metric
    preparation: Preparation | None = None
    parameters: tuple[int, int] | None = None
    weights: Weights
    notes: list[str] = []

    @property
    def environment(self) -> str:
        """The environment in which the framework runs: a folder under containers/."""
        return "host" if self.framework == "null" else self.framework
