"""How an environment is entered: one file a runtime, found by listing this folder.

A runtime module offers `check(device_title) -> None` (raises a `RetableError` with one sentence
when it cannot work here), `prepare(name, log) -> Prepared` and `enter(prepared) -> place`.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from retable.errors import RetableError
from retable.places import LocalPlace


@dataclass(frozen=True)
class Prepared:
    """An environment that can be entered: its interpreter, and what identifies its packages."""

    python: str
    identity: str


class Runtime(Protocol):
    """What a runtime module offers."""

    def check(self, where: str) -> None: ...
    def prepare(self, name: str, log: Path) -> Prepared: ...
    def enter(self, prepared: Prepared) -> LocalPlace: ...


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
