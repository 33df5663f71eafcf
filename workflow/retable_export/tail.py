"""tail: a graph with a tail fused behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, graphs, plugins


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/tail-job/1`; return the artifact `onnx`, and the facts of the graph."""
    tail = plugins.load("tails", job["tail"])
    model = tail.apply(graphs.load(contract.verified(job["source"])))
    path = Path(job["onnx"])
    graphs.save(model, path)
    return {
        "artifacts": {"onnx": contract.artifact(path)},
        "facts": graphs.describe(model),
    }
