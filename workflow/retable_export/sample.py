"""sample: an input to run a network on, where no data set is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, plugins, samples


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/sample-job/1`; return the artifact `sample`, and the inputs it holds."""
    exporter = plugins.load("exporters", job["exporter"])
    arrays = exporter.sample(job["options"], contract.InputShape.of(job), job["seed"])
    path = Path(job["sample"])
    samples.save_arrays(arrays, path)
    return {
        "artifacts": {"sample": contract.artifact(path)},
        "facts": {"inputs": samples.describe(arrays)},
    }
