"""fidelity: what a graph computes of the sample, beside the framework's own FP32 output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from retable_export import compare, contract, definitions, evaluate, graphs, plugins, samples
from retable_export.definitions import Tensors
from retable_export.errors import JobError, UnsupportedError
from retable_export.surgery import find_head

if TYPE_CHECKING:
    from collections.abc import Mapping

_NONE = "none"


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/fidelity-job/1`; return how far the graph is from where it should be.

    `runtime` says what evaluated the graphs; ONNX Runtime on a CPU computes an FP16 graph in FP32
    between casts, so that it shows what the rounded weights do, and the device may differ more. The
    rest is `compare.distance` of the logits for a graph without a tail; for one with, labels or
    values are compared with those of the framework's logits, and with the tail's definition in
    numpy, applied to the FP32 graph without a tail.
    """
    feeds = samples.load_arrays(contract.verified(job["sample"]))
    reference = samples.load_arrays(contract.verified(job["reference"]))["logits"]
    graph = graphs.load(contract.verified(job["graph"]))
    if job["tail"] == _NONE:
        facts = compare.distance(_output(graph, feeds), reference)
    else:
        tensors = _tensors(graphs.load(contract.verified(job["plain"])), feeds)
        _refuse_non_finite(tensors.logits)
        facts = _with_tail(job["tail"], _output(graph, feeds), reference, tensors)
    return {"facts": {"runtime": evaluate.runtime(), **facts}}


def _with_tail(
    name: str, found: np.ndarray, reference: np.ndarray, tensors: Tensors
) -> dict[str, Any]:
    tail = plugins.load("tails", name)
    scores = tail.scores(tensors)
    if tail.KIND == "labels":
        return {
            **compare.labels(found, reference),
            **compare.labels_by_definition(found, scores),
        }
    return {
        **compare.distance(found, definitions.values(reference)),
        **compare.values_by_definition(found, scores),
    }


def _output(graph: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> np.ndarray:
    found = next(iter(evaluate.run(graph, feeds).values()))
    _refuse_non_finite(found)
    return found


def _tensors(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> Tensors:
    """Run a graph without a tail, with the tensor before its last Resize as a second output."""
    logits = model.graph.output[0].name
    try:
        head = find_head(model, "a fused tail")
    except UnsupportedError:
        return Tensors(evaluate.run(model, feeds)[logits].astype(np.float32), None, "")
    inferred = onnx.shape_inference.infer_shapes(model).graph.value_info
    model.graph.output.extend(value for value in inferred if value.name == head.low)
    found = evaluate.run(model, feeds)
    low = found.get(head.low)
    return Tensors(
        logits=found[logits].astype(np.float32),
        low=None if low is None else low.astype(np.float32),
        mode=head.mode,
    )


def _refuse_non_finite(found: np.ndarray) -> None:
    wrong = found.size - int(np.isfinite(found).sum())
    if wrong:
        raise JobError(f"{wrong} of {found.size} outputs are NaN or infinite")
