"""native: what the framework itself loads, from the official weights or from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, plugins


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/native-job/1`; return its artifacts and facts."""
    exporter = plugins.load("exporters", job["exporter"])
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    made, facts = exporter.native(
        job["options"],
        job["weights"],
        contract.verified_all(job["fetched"]),
        job["seed"],
        folder,
    )
    return {
        "artifacts": {name: contract.artifact(path) for name, path in made.items()},
        "facts": facts,
    }
