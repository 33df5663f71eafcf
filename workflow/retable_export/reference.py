"""reference: what the framework itself computes of the sample, in FP32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, plugins, samples


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/reference-job/1`; return the artifact `reference`, and its outputs."""
    exporter = plugins.load("exporters", job["exporter"])
    feeds = samples.load_arrays(contract.verified(job["sample"]))
    native = contract.verified_all(job["native"])
    outputs = exporter.reference(job["options"], native, contract.InputShape.of(job), feeds)
    path = Path(job["reference"])
    samples.save_arrays(outputs, path)
    return {
        "artifacts": {"reference": contract.artifact(path)},
        "facts": {"outputs": samples.describe(outputs)},
    }
