"""Plug-ins: found by listing a folder of their package, imported when asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from retable_job.errors import UnavailableError

if TYPE_CHECKING:
    from types import ModuleType

_PACKAGES = Path(__file__).parents[1]


def names(package: str, folder: str) -> list[str]:
    """Return the plug-ins in `folder` of `package`, such as "exporters", sorted."""
    files = (_PACKAGES / package / folder).glob("*.py")
    return sorted(file.stem for file in files if not file.stem.startswith("_"))


def load(package: str, folder: str, name: str, what: str) -> ModuleType:
    """Import the plug-in `name` of `folder`; UnavailableError without its file or library.

    `what` is the word for one of the folder, such as "exporter".
    """
    found = names(package, folder)
    if name not in found:
        raise UnavailableError(
            f"there is no {what} {name!r}: {package}/{folder}/ has {', '.join(found)}"
        )
    try:
        return importlib.import_module(f"{package}.{folder}.{name}")
    except ImportError as error:
        raise UnavailableError(f"{what} {name} cannot run in this environment: {error}") from error
