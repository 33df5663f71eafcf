"""export: native weights to ONNX for one input size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, flops, graphs, plugins


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/export-job/1`; return the artifact `onnx`, and the facts.

    The facts are those of `graphs.describe`, and `gflops`. The graph's Resizes get constant sizes.
    """
    exporter = plugins.load("exporters", job["exporter"])
    native = contract.verified_all(job["native"])
    shape = contract.InputShape.of(job)
    onnx_path = Path(job["onnx"])
    with contract.replacing(onnx_path) as temporary:
        exporter.export(job["options"], native, shape, job["opset"], temporary)
        model = graphs.fix_resize_sizes(graphs.without_identities(graphs.load(temporary)))
        graphs.save(model, temporary)
    return {
        "artifacts": {"onnx": contract.artifact(onnx_path)},
        "facts": {**graphs.describe(model), "gflops": flops.gflops(model)},
    }
