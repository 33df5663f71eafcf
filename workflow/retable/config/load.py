"""The whole configuration of a checkout: every device, model, suite and data set, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retable.config.dataset import DataSet
from retable.config.device import Device
from retable.config.entry import Entry, EntryType, nearest, read_entry
from retable.config.model import Model
from retable.config.suite import Accuracy, Suite
from retable.errors import RetableError


class Folder(Mapping[str, EntryType]):
    """A folder of YAML files, read when asked for: a fault in one file stops only its users."""

    def __init__(self, path: Path, kind: type[EntryType], word: str) -> None:
        self._path, self._kind, self._word = path, kind, word
        self._entries: dict[str, EntryType] = {}

    def __getitem__(self, name: str) -> EntryType:
        if name not in self._entries:
            self._entries[name] = self._read(name)
        return self._entries[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(sorted(path.stem for path in self._path.glob("*.yaml")))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def file(self, name: str) -> Path:
        return self._path / f"{name}.yaml"

    def _read(self, name: str) -> EntryType:
        path = self.file(name)
        if not path.is_file():
            raise RetableError(
                f"unknown {self._word} {name!r}: no file {path}; {nearest(name, list(self))}"
            )
        entry: EntryType = read_entry(self._kind, path)
        own_name = getattr(entry, self._word)
        if own_name != name:
            raise RetableError(f"{path}: {self._word}: {own_name!r} is not the file's name")
        return entry


@dataclass(frozen=True)
class Configuration:
    """All that config/ holds. `root` is the checkout, as a path relative to the working folder."""

    root: Path
    devices: Folder[Device]
    models: Folder[Model]
    suites: Folder[Suite]
    datasets: Folder[DataSet]

    def scored_on(self, suite: Suite, data: str) -> list[tuple[Accuracy, DataSet]]:
        """How a suite is scored, and on what, where the run's setting is `data`."""
        if data == "none":
            return []
        return [(one, self.datasets[getattr(one, data)]) for one in suite.accuracy]


def load_configuration(root: Path) -> Configuration:
    def folder(name: str, kind: type[Entry], word: str) -> Folder:  # type: ignore[type-arg]
        return Folder(root / "config" / name, kind, word)

    return Configuration(
        root=root,
        devices=folder("devices", Device, "device"),
        models=folder("models", Model, "model"),
        suites=folder("suites", Suite, "suite"),
        datasets=folder("datasets", DataSet, "dataset"),
    )
