"""config/models/*.yaml: a network, where its official weights are, and who builds it."""

from typing import Literal, Self

from pydantic import model_validator

from retable.config.entry import Entry, Name, PluginName, Scalar

Framework = Literal["torch", "tensorflow", "paddle", "null"]


class Weights(Entry):
    """The official weights: a URL, or the reason why nobody can have them."""

    url: str | None = None
    checksum: str | None = None  # "sha256:..." or "md5:..."; else recorded at the first fetch
    licence: str | None = None
    source: str | None = None
    folder: str | None = None  # inside an archive: what is taken from it
    unpublished: str | None = None

    @model_validator(mode="after")
    def _url_or_reason(self) -> Self:
        if (self.url is None) == (self.unpublished is None):
            raise ValueError(
                "give either 'url' (where the official weights are) or 'unpublished' "
                "(why there are none, so that only random weights can be used)"
            )
        return self


class Model(Entry):
    """A network as an exporter builds it. `parameters` bounds its number of weights."""

    model: Name
    title: str
    framework: Framework
    exporter: PluginName
    options: dict[str, Scalar | list[Scalar]] = {}
    parameters: tuple[int, int] | None = None
    weights: Weights
    notes: list[str] = []

    @property
    def environment(self) -> str:
        """The environment in which the framework runs: a folder under containers/."""
        return "host" if self.framework == "null" else self.framework
