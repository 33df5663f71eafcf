"""Exporters, tails and precisions: found by listing their folder, imported when asked for."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from retable_export.errors import UnavailableError

if TYPE_CHECKING:
    from types import ModuleType

_HERE = Path(__file__).parent


def names(folder: str) -> list[str]:
    """Return the plug-ins of `folder` ("exporters", "tails", "precisions"), sorted."""
    return sorted(
        file.stem for file in (_HERE / folder).glob("*.py") if not file.stem.startswith("_")
    )


def load(folder: str, name: str) -> ModuleType:
    """Import the plug-in `name` of `folder`; UnavailableError without its file or library."""
    what = folder[:-1]
    if name not in names(folder):
        raise UnavailableError(
            f"there is no {what} {name!r}: retable_export/{folder}/ has {', '.join(names(folder))}"
        )
    try:
        return importlib.import_module(f"retable_export.{folder}.{name}")
    except ImportError as error:
        raise UnavailableError(f"{what} {name} cannot run in this environment: {error}") from error
