"""Exporters, tails and precisions: found by listing their folder, imported when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retable_job import plugins

if TYPE_CHECKING:
    from types import ModuleType


def names(folder: str) -> list[str]:
    """Return the plug-ins of `folder` ("exporters", "tails", "precisions"), sorted."""
    return plugins.names("retable_export", folder)


def load(folder: str, name: str) -> ModuleType:
    """Import the plug-in `name` of `folder`; UnavailableError without its file or library."""
    return plugins.load("retable_export", folder, name, what=folder[:-1])
