"""Sets, geometries and metrics: found by listing their folder, imported when asked for."""

from types import ModuleType

from retable_job import plugins

_WORDS = {"sets": "set", "geometries": "geometry", "metrics": "metric"}


def load(folder: str, name: str) -> ModuleType:
    """Import the plug-in `name` of `folder`; UnavailableError without its file or library."""
    return plugins.load("retable_data", folder, name, what=_WORDS[folder])
