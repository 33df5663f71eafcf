"""How far an output is from what it should be: agreement of labels, distance of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from retable_export import definitions

# Two bilinear implementations differ in the last bits (float32 or float64 coordinates), which
# decides between classes whose scores are this near each other, relative to the largest score.
TIE = 1e-5


def distance(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Return max_abs and mean_abs of the difference, scale = max |wanted|, relative to scale."""
    difference = np.abs(found.astype(np.float64) - wanted)
    scale = float(np.abs(wanted).max(initial=0))
    largest = float(difference.max(initial=0))
    return {
        "max_abs": largest,
        "mean_abs": float(difference.mean()) if difference.size else 0.0,
        "scale": scale,
        "relative": largest / scale if scale else largest,
    }


def labels(found: np.ndarray, wanted: np.ndarray) -> dict[str, Any]:
    """Compare labels with labels of the same shape.

    `agreement` is the share of equal pixels; `miou` the mean over the classes that either has of
    intersection over union, `wanted` taken for the truth; `classes_present` how many classes are
    among the found.
    """
    # Numbered in their order, so that what is counted is as long as there are different classes.
    classes, numbers = np.unique(np.stack([found, wanted]), return_inverse=True)
    ours, theirs = numbers.reshape(2, -1)
    count = classes.size
    both = np.bincount(ours[ours == theirs], minlength=count)
    either = np.bincount(ours, minlength=count) + np.bincount(theirs, minlength=count) - both
    return {
        "agreement": float(np.mean(ours == theirs)),
        "miou": float(np.mean(both / either)),
        "classes_present": int(np.unique(ours).size),
    }


def labels_by_definition(found: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Compare labels [N, 1, H, W] with the argmax of their definition's scores [N, C, H, W].

    `against_definition` is the share of pixels whose label is the argmax, or is as good within
    `TIE`; `tied` counts the latter.
    """
    classes = scores.shape[1]
    chosen = np.take_along_axis(scores, np.clip(found, 0, classes - 1).astype(np.int64), axis=1)
    margin = definitions.values(scores) - chosen
    equal = found == definitions.labels(scores)
    tied = ~equal & (margin <= TIE * np.abs(scores).max()) & (found >= 0) & (found < classes)
    return {"against_definition": float(np.mean(equal | tied)), "tied": int(tied.sum())}
