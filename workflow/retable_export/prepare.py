"""prepare: pictures as a network takes them, by its framework's own means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from retable_export import contract, plugins, samples


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/prepare-job/1`; return the artifact `tensors`, and what it holds."""
    exporter = plugins.load("exporters", job["exporter"])
    pictures = np.load(contract.verified(job["pictures"]), allow_pickle=False)
    tensors = exporter.prepare(job["options"], pictures)
    path = Path(job["tensors"])
    samples.save_arrays(tensors, path)
    return {
        "artifacts": {"tensors": contract.artifact(path)},
        "facts": {"inputs": samples.describe(tensors)},
    }
