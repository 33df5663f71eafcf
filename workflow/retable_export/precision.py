"""precision: a graph that computes in another precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, graphs, plugins


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/precision-job/1`; return the artifact `onnx`, and the facts of the graph."""
    precision = plugins.load("precisions", job["precision"])
    model, facts = precision.apply(graphs.load(contract.verified(job["source"])))
    path = Path(job["onnx"])
    graphs.save(model, path)
    return {
        "artifacts": {"onnx": contract.artifact(path)},
        "facts": {**facts, **graphs.describe(model)},
    }
