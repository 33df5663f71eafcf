"""fidelity: outputs on the sample, a graph's or an engine's, beside the framework's FP32 output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from retable_export import (
    compare,
    contract,
    definitions,
    detections,
    evaluate,
    graphs,
    plugins,
    samples,
)
from retable_export.definitions import Tensors
from retable_export.errors import JobError, UnsupportedError
from retable_export.surgery import find_head

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NONE = "none"
_LABELS = "labels"  # an output of classes; the framework's own scores of classes are
_LOGITS = "logits"  # [N, C, H, W]


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/fidelity-job/2`; return how far the outputs are from where they should be.

    `runtime` says what evaluated the graphs; ONNX Runtime on a CPU computes an FP16 graph in FP32
    between casts, so that it shows what the rounded weights do, and the device may differ more.

    `outputs` holds the comparison of each output, by its name: `compare.distance` of values, and
    `compare.labels` of classes, for which logits of a graph without a tail are compared by both.
    Behind a tail the framework's output is what the tail should give of the framework's logits, and
    each output is also compared with the tail's definition in numpy, applied to the FP32 graph
    without a tail. Beside `outputs` stand the facts of the output that tells most (`output`: the
    labels, or of the others the one that is the farthest away, of values where there are any).

    `against_graph` holds the same of found outputs beside the graph's, where the job has both.
    """
    feeds = {}
    if job["sample"] is not None:
        feeds = samples.load_arrays(contract.verified(job["sample"]))
    reference = samples.load_arrays(contract.verified(job["reference"]))
    graph = None
    if job["graph"] is not None:
        graph = _finite(evaluate.run(graphs.load(contract.verified(job["graph"])), feeds))
    found = _found(contract.verified_all(job["found"])) if job["found"] else graph
    if job["tail"] == _NONE:
        facts = compared(found, reference)
    else:
        tensors = _tensors(graphs.load(contract.verified(job["plain"])), feeds)
        logits = _like(reference, _LOGITS, tensors.logits)
        facts = _behind_tail(job["tail"], found, logits, tensors)
    if job["found"] and graph is not None:
        facts["against_graph"] = compared(found, graph, facts["output"])
    return {"facts": {"runtime": evaluate.runtime(), **facts}}


def compared(
    found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray], main: str | None = None
) -> dict[str, Any]:
    """Compare all outputs `wanted` with those found, by name: whole numbers are classes.

    `main` is the output whose facts come first, where it is known. Of a detector the ranked lists
    tell, held against each other by what they found (`detections`), whatever its other outputs say.
    JobError where one is missing or has another shape.
    """
    outputs: dict[str, dict[str, Any]] = {}
    if detections.are_given(wanted):
        ranked = {name: one for name, one in wanted.items() if detections.is_ranked(name)}
        lists = {name: _like(found, name, one) for name, one in ranked.items()}
        outputs[detections.NAME] = detections.compared(lists, ranked)
        wanted = {name: one for name, one in wanted.items() if name not in ranked}
        main = detections.NAME
    for name, array in wanted.items():
        if name == _LOGITS and name not in found and _LABELS in found:
            # A framework's own program may end in the argmax: the classes are all that it tells.
            wished = definitions.labels(array)
            outputs[_LABELS] = compare.labels(_like(found, _LABELS, wished), wished)
            continue
        ours = _like(found, name, array)
        if name == _LABELS or np.issubdtype(array.dtype, np.integer):
            outputs[name] = compare.labels(ours, array)
            continue
        outputs[name] = compare.distance(ours, array)
        if name == _LOGITS and array.ndim > 1:
            outputs[name].update(
                compare.labels(definitions.labels(ours), definitions.labels(array))
            )
    return _with_main(outputs, main)


def _behind_tail(
    name: str, found: Mapping[str, np.ndarray], logits: np.ndarray, tensors: Tensors
) -> dict[str, Any]:
    """Compare a tail's outputs with those of the framework's logits, and with its definition."""
    tail = plugins.load("tails", name)
    scores = tail.scores(tensors)
    ideal = tail.ideal(tensors._replace(logits=logits, low=None))
    outputs = {}
    for output in found:
        if output not in _OF_SCORES:
            raise JobError(f"tail {name} gives no output {output!r}: {', '.join(_OF_SCORES)}")
        wanted, defined = _OF_SCORES[output](ideal), _OF_SCORES[output](scores)
        ours = _like(found, output, wanted)
        if output == _LABELS:
            outputs[output] = compare.labels(ours, wanted)
            outputs[output].update(compare.labels_by_definition(ours, scores))
        else:
            outputs[output] = compare.distance(ours, wanted)
            outputs[output]["against_definition"] = compare.distance(ours, defined)["max_abs"]
    return _with_main(outputs)


def _all_scores(scores: np.ndarray) -> np.ndarray:
    return scores


# What an output is of a tail's scores, by its name.
_OF_SCORES = {
    _LABELS: definitions.labels,
    "values": definitions.values,
    "probabilities": _all_scores,
}


def _with_main(outputs: dict[str, dict[str, Any]], main: str | None = None) -> dict[str, Any]:
    """Return the facts of the output `main`, or of that which tells most, then all outputs'."""
    if not outputs:
        raise JobError("there are no outputs to compare")
    if main not in outputs:
        main = _LABELS if _LABELS in outputs else max(outputs, key=lambda one: _tells(outputs[one]))
    return {**outputs[main], "output": main, "outputs": outputs}


def _tells(facts: Mapping[str, Any]) -> tuple[bool, float]:
    """Values tell more than the whole numbers that follow from them, such as a peak's place."""
    if "relative" in facts:
        return True, facts["relative"]
    return False, 1 - facts["agreement"]


def _like(found: Mapping[str, np.ndarray], name: str, wanted: np.ndarray) -> np.ndarray:
    """Return the found output `name`, in the shape wanted.

    Labels may have come without their axis of one class. JobError where the sizes differ.
    """
    if name not in found:
        raise JobError(f"no output {name!r} was found: there are {', '.join(sorted(found))}")
    ours = found[name]
    if name == _LABELS and ours.size == wanted.size and ours.ndim + 1 == wanted.ndim:
        ours = ours.reshape(wanted.shape)
    if ours.shape != wanted.shape:
        raise JobError(
            f"output {name!r} was found as {list(ours.shape)}, and should be {list(wanted.shape)}"
        )
    return ours


def _found(files: Mapping[str, Path]) -> dict[str, np.ndarray]:
    """Read found outputs: each from a .npy file, or by its name from an .npz file."""
    arrays = {}
    for name, path in files.items():
        if path.suffix == ".npy":
            arrays[name] = np.load(str(path), allow_pickle=False)
            continue
        archive = samples.load_arrays(path)
        if name not in archive:
            raise JobError(f"{path}: has no array {name!r}, it has {', '.join(sorted(archive))}")
        arrays[name] = archive[name]
    return _finite(arrays)


def _tensors(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> Tensors:
    """Run a graph without a tail, with the tensor before its last Resize as a second output."""
    logits = model.graph.output[0].name
    image = feeds[model.graph.input[0].name].shape[-2:]
    try:
        head = find_head(model, "a fused tail")
    except UnsupportedError:
        found = _finite(evaluate.run(model, feeds))
        return Tensors(found[logits].astype(np.float32), None, "", image)
    inferred = onnx.shape_inference.infer_shapes(model).graph.value_info
    model.graph.output.extend(value for value in inferred if value.name == head.low)
    found = _finite(evaluate.run(model, feeds))
    low = found.get(head.low)
    return Tensors(
        logits=found[logits].astype(np.float32),
        low=None if low is None else low.astype(np.float32),
        mode=head.mode,
        image=image,
    )


def _finite(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs; JobError if one has NaN or infinities."""
    for name, found in outputs.items():
        wrong = found.size - int(np.isfinite(found).sum())
        if wrong:
            raise JobError(f"{wrong} of {found.size} numbers of {name!r} are NaN or infinite")
    return outputs
