"""containers/*/image.yaml: on what an environment's image is built."""

from pathlib import Path
from typing import Literal

from retable.config.device import ContainerSettings
from retable.config.entry import Entry, read_entry
from retable.errors import RetableError


class Image(Entry):
    """The image of an environment. `provides` says what its base brings along."""

    base: str  # a name and a tag, as in FROM
    registry: Literal["ngc"] | None = None  # NVIDIA's; None: Docker's own
    digest: str | None = None  # sha256:... of the base, where it is known
    architecture: Literal["any", "x86_64", "aarch64"] = "any"
    provides: list[str]

    @property
    def reference(self) -> str:
        """The base as Docker pulls it."""
        return f"{self.base}@{self.digest}" if self.digest else self.base


def image_files(folder: Path) -> list[Path]:
    """What an environment's image is made of, besides its base."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def image_of(folder: Path, settings: ContainerSettings) -> Image:
    """The image of an environment's folder, on the base that a run asks for."""
    path = folder / "image.yaml"
    image = read_entry(Image, path)
    if settings.base:
        return image.model_copy(update={"base": settings.base, "digest": None})
    if image.registry is None:
        return image
    if settings.ngc is None:
        raise RetableError(
            f"{path}: {image.base} lies in NVIDIA's registry NGC: give the registry's host name, "
            "as NGC's catalogue names it, with --config ngc=HOST"
        )
    return image.model_copy(update={"base": f"{settings.ngc}/{image.base}"})
