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
    rest is `compare.outputs` for a graph without a tail; for one with, each output
    is compared with the same of the framework's logits, and with the tail's definition in numpy,
    applied to the FP32 graph without a tail. Where there are labels beside other outputs, theirs
    are the facts, and the others' are under the outputs' names.
    """
    feeds = samples.load_arrays(contract.verified(job["sample"]))
    reference = samples.load_arrays(contract.verified(job["reference"]))
    graph = graphs.load(contract.verified(job["graph"]))
    if job["tail"] == _NONE:
        facts = compare.outputs(_outputs(graph, feeds), reference)
    else:
        tensors = _tensors(graphs.load(contract.verified(job["plain"])), feeds)
        _refuse_non_finite(tensors.logits)
        facts = _with_tail(job["tail"], _outputs(graph, feeds), reference["logits"], tensors)
    return {"facts": {"runtime": evaluate.runtime(), **facts}}


def _with_tail(
    name: str, outputs: Mapping[str, np.ndarray], reference: np.ndarray, tensors: Tensors
) -> dict[str, Any]:
    tail = plugins.load("tails", name)
    scores = tail.scores(tensors)
    ideal = tail.ideal(tensors._replace(logits=reference, low=None))
    facts = {output: _OF_OUTPUT[output](found, ideal, scores) for output, found in outputs.items()}
    return {**facts.pop("labels" if "labels" in facts else next(iter(facts))), **facts}


def _of_labels(found: np.ndarray, ideal: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    return {**compare.labels(found, ideal), **compare.labels_by_definition(found, scores)}


def _of_values(found: np.ndarray, ideal: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    return _of_scores(found, definitions.values(ideal), definitions.values(scores))


def _of_scores(found: np.ndarray, ideal: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    return {
        **compare.distance(found, ideal),
        "against_definition": compare.distance(found, scores)["max_abs"],
    }


_OF_OUTPUT = {"labels": _of_labels, "values": _of_values, "probabilities": _of_scores}


def _outputs(graph: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = evaluate.run(graph, feeds)
    for found in outputs.values():
        _refuse_non_finite(found)
    return outputs


def _tensors(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> Tensors:
    """Run a graph without a tail, with the tensor before its last Resize as a second output."""
    logits = model.graph.output[0].name
    image = feeds[model.graph.input[0].name].shape[-2:]
    try:
        head = find_head(model, "a fused tail")
    except UnsupportedError:
        return Tensors(evaluate.run(model, feeds)[logits].astype(np.float32), None, "", image)
    inferred = onnx.shape_inference.infer_shapes(model).graph.value_info
    model.graph.output.extend(value for value in inferred if value.name == head.low)
    found = evaluate.run(model, feeds)
    low = found.get(head.low)
    return Tensors(
        logits=found[logits].astype(np.float32),
        low=None if low is None else low.astype(np.float32),
        mode=head.mode,
        image=image,
    )


def _refuse_non_finite(found: np.ndarray) -> None:
    wrong = found.size - int(np.isfinite(found).sum())
    if wrong:
        raise JobError(f"{wrong} of {found.size} outputs are NaN or infinite")
