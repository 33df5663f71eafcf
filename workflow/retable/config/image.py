"""containers/*/image.yaml: on what an environment's image is built."""

from typing import Literal

from retable.config.entry import Entry


class Image(Entry):
    """The image of an environment. `provides` says what its base brings along."""

    base: str  # a name and a tag, as in FROM
    digest: str | None = None  # sha256:... of the base, where it is known
    architecture: Literal["any", "x86_64", "aarch64"] = "any"
    provides: list[str]

    @property
    def reference(self) -> str:
        """The base as Docker pulls it."""
        return f"{self.base}@{self.digest}" if self.digest else self.base

    def on(self, base: str | None) -> "Image":
        """The same on another base, if one is given."""
        return self.model_copy(update={"base": base, "digest": None}) if base else self
