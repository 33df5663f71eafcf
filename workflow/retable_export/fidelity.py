"""fidelity: every ONNX graph of a model and input beside the framework's own FP32 output."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from retable_export import compare, contract, definitions, evaluate, graphs, plugins, samples
from retable_export.definitions import Tensors
from retable_export.errors import JobError, UnsupportedError, sentence
from retable_export.surgery import find_head

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NONE = "none"


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a `retable/fidelity-job/1`; return one entry of facts per graph, keyed as in the job.

    A graph that does not run, or computes NaN, has the entry {"error": why}: the others still
    count. `runtime` says what evaluated the graphs.
    """
    exporter = plugins.load("exporters", job["exporter"])
    feeds = samples.load_arrays(contract.verified(job["sample"]))
    native = contract.verified_all(job["native"])
    shape = contract.InputShape.of(job)
    reference = exporter.reference(job["options"], native, shape, feeds)["logits"]
    paths = contract.verified_all(job["graphs"])
    plain: dict[str, Tensors] = {}
    facts: dict[str, Any] = {"runtime": evaluate.runtime()}
    # Graphs without a tail go first: the tails' definitions are applied to their tensors.
    for key in sorted(paths, key=lambda key: (key.split("/")[0] != _NONE, key)):
        try:
            facts[key] = _one(key, paths[key], feeds, reference, plain)
        except Exception as error:
            if not isinstance(error, JobError):
                traceback.print_exc()
            facts[key] = {"error": sentence(error)}
    return {"facts": facts}


def _one(
    key: str,
    path: Path,
    feeds: Mapping[str, np.ndarray],
    reference: np.ndarray,
    plain: dict[str, Tensors],
) -> dict[str, Any]:
    """Return the facts of one graph; remember the tensors of one without a tail in `plain`."""
    tail, precision = key.split("/", 1)
    model = graphs.load(path)
    if tail == _NONE:
        tensors = _tensors(model, feeds)
        _refuse_non_finite(tensors.logits)
        plain[precision] = tensors
        return compare.distance(tensors.logits, reference)
    plugin = plugins.load("tails", tail)
    found = next(iter(evaluate.run(model, feeds).values()))
    _refuse_non_finite(found)
    if plugin.KIND == "labels":
        facts = compare.labels(found, reference)
    else:
        facts = compare.distance(found, definitions.values(reference))
    facts.update(_by_definition(plugin, precision, found, plain))
    return facts


def _by_definition(
    plugin: Any, precision: str, found: np.ndarray, plain: Mapping[str, Tensors]
) -> dict[str, Any]:
    """Compare a tail's output with its numpy definition, where the tensors for it are known.

    They come from the graph without a tail of the same precision, else from the one in fp32;
    `definition_from` names it.
    """
    source = precision if precision in plain else "fp32"
    tensors = plain.get(source)
    if tensors is None or (plugin.scores is definitions.fused and tensors.low is None):
        return {}
    scores = plugin.scores(tensors)
    labelled = plugin.KIND == "labels"
    facts = (compare.labels_by_definition if labelled else compare.values_by_definition)(
        found, scores
    )
    return {**facts, "definition_from": f"{_NONE}/{source}"}


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
