"""How far an output is from what it should be: agreement of labels, distance of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retable_export import definitions
from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Two bilinear implementations differ in the last bits (float32 or float64 coordinates), which
# decides between classes whose scores are this near each other, relative to the largest score.
TIE = 1e-5


def distance(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Return max_abs and mean_abs of the difference, scale = max |wanted|, relative to scale."""
    difference = np.abs(found.astype(np.float64) - wanted)
    scale = float(np.abs(wanted).max())
    largest = float(difference.max())
    return {
        "max_abs": largest,
        "mean_abs": float(difference.mean()),
        "scale": scale,
        "relative": largest / scale if scale else largest,
    }


def outputs(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Compare all outputs of a graph with those of the same names that were wanted.

    Numbers by `distance`, whole numbers (labels, indices) by the share of equal ones, `agreement`.
    The first output's are the facts, the others' are under their names. JobError where one is
    missing or of another shape.
    """
    facts = {name: _one_output(name, found, array) for name, array in wanted.items()}
    return {**facts.pop(next(iter(facts))), **facts}


def _one_output(name: str, found: Mapping[str, np.ndarray], wanted: np.ndarray) -> dict[str, float]:
    if name not in found:
        raise JobError(f"the graph has no output {name!r}: it has {', '.join(sorted(found))}")
    if found[name].shape != wanted.shape:
        raise JobError(
            f"output {name!r} is {list(found[name].shape)}, the framework's {list(wanted.shape)}"
        )
    if np.issubdtype(wanted.dtype, np.integer):
        return {"agreement": float(np.mean(found[name] == wanted))}
    return distance(found[name], wanted)


def labels(found: np.ndarray, logits: np.ndarray) -> dict[str, Any]:
    """Compare labels [N, 1, H, W] with the argmax of the framework's logits [N, C, H, W].

    `agreement` is the share of equal pixels, `classes_present` the number of distinct labels.
    """
    wanted = definitions.labels(logits)
    return {
        "agreement": float(np.mean(found == wanted)),
        "classes_present": int(np.unique(found).size),
    }


def labels_by_definition(found: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Compare labels [N, 1, H, W] with the argmax of their definition's scores [N, C, H, W].

    `against_definition` is the share of pixels whose label is the argmax, or is as good within
    `TIE`; `tied` counts the latter.
    """
    classes = scores.shape[1]
    chosen = np.take_along_axis(scores, np.clip(found, 0, classes - 1), axis=1)
    margin = definitions.values(scores) - chosen
    equal = found == definitions.labels(scores)
    tied = ~equal & (margin <= TIE * np.abs(scores).max()) & (found >= 0) & (found < classes)
    return {"against_definition": float(np.mean(equal | tied)), "tied": int(tied.sum())}
