"""config/config.yaml and `--config key=value`: what one run is asked to do."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from retable.config.entry import (
    DockerHost,
    Entry,
    InputSize,
    Name,
    listed,
    parse_entry,
    read_yaml,
)
from retable.errors import RetableError


class Settings(Entry):
    """The keys of config/config.yaml; the defaults stand there, not here."""

    device: Name
    suite: str  # one name, several with commas between, or "all"
    players: str  # of the device, the same way
    models: str  # of the suites, the same way
    inputs: str  # of the suites, the same way
    further: Literal["all", "none"]  # of what the suites ask beside the published rows
    size: InputSize | None  # height x width of all inputs, instead of the suite's own
    budget: Literal["quick", "standard", "strict"]
    weights: Literal["auto", "official", "embedded", "random"]
    data: Literal["embedded", "published", "none"]  # which of a suite's two data sets is scored on
    data_folder: str | None  # the user's own copy of it, where one is needed
    images: int | None = Field(ge=1)  # scored on as many of its first pictures; None: all
    mirror: str | None
    seed: int = Field(ge=0, lt=2**32 - 1)  # seed + 1 is drawn with, too
    runtime: Literal["venv", "host", "docker"]  # how this machine enters the framework environments
    docker_host: DockerHost | None  # of the device
    phone: str | None
    base_image: str | None
    ngc: str | None

    def suites(self, known: list[str]) -> list[str]:
        if self.suite == "all":
            return sorted(known)
        return listed(self.suite)


def load_settings(root: Path, overrides: dict[str, Any]) -> Settings:
    """Merge `--config` over config/config.yaml; a mistyped key or value is one sentence."""
    path = root / "config" / "config.yaml"
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise RetableError(f"{path}: a mapping of keys to values is expected here")
    origin = f"--config or {path.relative_to(root)}" if overrides else str(path.relative_to(root))
    return parse_entry(Settings, {**values, **overrides}, origin)
