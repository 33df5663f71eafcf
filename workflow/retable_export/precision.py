"""precision: a graph that computes in another precision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from retable_export import contract, graphs, plugins, samples
from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import onnx


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/precision-job/2`; return the artifact `onnx`, and the facts of the graph.

    With a calibration set, the fact `calibration` says by sha256 which, and how many images it has.
    """
    precision = plugins.load("precisions", job["precision"])
    model = graphs.load(contract.verified(job["source"]))
    batches, told = None, {}
    if job["calibration"] is not None:
        arrays = samples.load_arrays(contract.verified(job["calibration"]))
        batches = batched(model, arrays)
        images = sum(len(next(iter(batch.values()))) for batch in batches)
        told = {"calibration": {"sha256": job["calibration"]["sha256"], "images": images}}
    made, facts = precision.apply(model, batches)
    path = Path(job["onnx"])
    graphs.save(made, path)
    return {
        "artifacts": {"onnx": contract.artifact(path)},
        "facts": {**facts, **told, **graphs.describe(made)},
    }


def batched(
    model: onnx.ModelProto, arrays: Mapping[str, np.ndarray]
) -> list[dict[str, np.ndarray]]:
    """Divide a calibration set, arrays [images, ...] by input, into batches of the graph's size.

    The images that do not fill a last batch are left out. JobError where the set lacks an input,
    has another shape, or less than one batch.
    """
    lengths = set()
    for value in model.graph.input:
        size, *shape = graphs.shape_of(value)
        if value.name not in arrays:
            raise JobError(f"the calibration set has no input {value.name!r}")
        found = arrays[value.name]
        if list(found.shape[1:]) != shape:
            raise JobError(
                f"the calibration set's {value.name!r} are {list(found.shape[1:])} each, the "
                f"graph's are {shape}"
            )
        lengths.add(len(found) // size)
    if len(lengths) != 1 or not min(lengths):
        raise JobError("the calibration set does not fill one batch of every input of the graph")
    sizes = {value.name: graphs.shape_of(value)[0] for value in model.graph.input}
    return [
        {name: arrays[name][index * size :][:size] for name, size in sizes.items()}
        for index in range(min(lengths))
    ]
