"""export: native weights to ONNX for one input size, and a sample input to run it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retable_export import contract, graphs, plugins, samples


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/export-job/1`; return the artifacts `onnx` and `sample`, and the facts.

    The facts are those of `graphs.describe`. The graph's Resizes get constant sizes.
    """
    exporter = plugins.load("exporters", job["exporter"])
    native = contract.verified_all(job["native"])
    shape = contract.InputShape.of(job)
    onnx_path, sample_path = Path(job["onnx"]), Path(job["sample"])
    sample = exporter.sample(job["options"], shape, job["seed"])
    with contract.replacing(onnx_path) as temporary:
        exporter.export(job["options"], native, shape, job["opset"], temporary)
        model = graphs.fix_resize_sizes(graphs.load(temporary))
        graphs.save(model, temporary)
    samples.save_arrays(sample, sample_path)
    return {
        "artifacts": {
            "onnx": contract.artifact(onnx_path),
            "sample": contract.artifact(sample_path),
        },
        "facts": graphs.describe(model),
    }
