"""How an environment is entered: one file a runtime, found by listing this folder.

A runtime module offers `KEY`, the key of a device's file that holds what is said to it (None, if
nothing), `Settings`, the class of that (`Nothing`), `check(where, settings, environments)`, which
raises a `RetableError` with one sentence when these environments cannot be entered by it (`where`
is the file that asks), `prepare(name, settings, log)`, which gives a Prepared, and
`enter(prepared, settings)`, which gives a place.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from retable.config.entry import Entry
from retable.errors import RetableError
from retable.places import Place


@dataclass(frozen=True)
class Prepared:
    """An environment that can be entered: its interpreter, and what identifies its packages."""

    python: str
    identity: str
    facts: dict[str, Any] = field(default_factory=dict)  # what else is worth a record


class Nothing(Entry):
    """The settings of a runtime that needs none."""


class Runtime(Protocol):
    """What a runtime module offers; `settings` are of its own class `Settings`."""

    KEY: str | None
    Settings: type[Entry]

    def check(self, where: str, settings: Any, environments: Sequence[str] = ()) -> None: ...
    def prepare(self, name: str, settings: Any, log: Path) -> Prepared: ...
    def enter(self, prepared: Prepared, settings: Any) -> Place: ...


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def runtime(name: str, where: str) -> Runtime:
    """Load the runtime that `where` (a file and key) asks for."""
    if name not in names():
        raise RetableError(
            f"{where}: runtime {name!r} does not exist in this version of retable "
            f"(there are: {', '.join(names())})"
        )
    return cast(Runtime, importlib.import_module(f"retable.runtimes.{name}"))
