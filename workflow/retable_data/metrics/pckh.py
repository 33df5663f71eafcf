"""PCKh@0.5: the share of MPII's joints found within half a head of where they are.

Predictions: `heatmaps` [N, 16, h, w], of inputs that the geometry `person` placed. Options: those
of `poses.found_in`. Annotations have `joints`, x, y and visibility of MPII's 16 in turn (0: not
labelled), and `head_box`, x1, y1, x2, y2.

A head's size is 0.6 of its box's diagonal (MPII's `SC_BIAS`). `metrics` has "pckh/mean", over all
labelled joints but pelvis and thorax, which upstream leaves out; "pckh/mean_0.1", the same within a
tenth of a head; and "pckh/head", "pckh/shoulder", ...: the mean of the left and the right joint's
share, where both are labelled somewhere. So do HRNet's `MPIIDataset.evaluate` and PaddleDetection's
`KeyPointTopDownMPIIEval`, but for what these call PCKh@0.1: it is taken at 0.11. `per_class` is
each joint's share.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from retable_data import joints, poses
from retable_data.arrays import Entries
from retable_job.errors import JobError

HEAD = 0.6
LIMIT, CLOSER = 0.5, 0.1  # heads
_LEFT_OUT = ("pelvis", "thorax")
_PARTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def score(
    index: Mapping[str, Any],
    placements: list[dict[str, Any]],
    predictions: Mapping[str, Entries],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Compare each person's joints with the labelled ones."""
    people = _annotations(Path(index["annotations"]))
    found = poses.found_in(placements, predictions, joints.mirrored(joints.MPII), options)
    return scored((one.pose, _labels(people, one.placement["annotation"])) for one in found)


def scored(pairs: Iterable[tuple[np.ndarray, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the numbers of poses [16, 3] and the annotation of each."""
    distances = np.array([in_heads(*pair) for pair in pairs]).reshape(-1, len(joints.MPII))
    counted = [place for place, name in enumerate(joints.MPII) if name not in _LEFT_OUT]
    shares = {name: _share(distances[:, place], LIMIT) for place, name in enumerate(joints.MPII)}
    parts = {part: _middle(shares[f"left_{part}"], shares[f"right_{part}"]) for part in _PARTS}
    return {
        "metrics": {
            "pckh/mean": _share(distances[:, counted], LIMIT),
            "pckh/mean_0.1": _share(distances[:, counted], CLOSER),
            "pckh/head": shares["head_top"],
            **{f"pckh/{part}": share for part, share in parts.items()},
        },
        "per_class": shares,
    }


def in_heads(pose: np.ndarray, annotation: Mapping[str, Any]) -> np.ndarray:
    """Return how far a pose [16, 3] is from the labels, in heads [16]; nan: not labelled.

    A joint that the network put nowhere (nan) is infinitely far.
    """
    labelled = np.array(annotation["joints"], np.float64).reshape(-1, 3)
    left, top, right, bottom = annotation["head_box"]
    head = HEAD * np.hypot(right - left, bottom - top)
    distances = np.linalg.norm(pose[:, :2] - labelled[:, :2], axis=1) / head
    found = np.where(np.isnan(distances), np.inf, distances)
    return np.where(labelled[:, 2] > 0, found, np.nan)


def _annotations(path: Path) -> dict[int, dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    people = {one["id"]: one for one in content["annotations"] if "head_box" in one}
    if not people:
        raise JobError(f"{path}: nobody has a head box, which PCKh measures by")
    return people


def _labels(people: Mapping[int, dict[str, Any]], annotation: int) -> dict[str, Any]:
    if annotation not in people:
        raise JobError(f"annotation {annotation} has no head box, which PCKh measures by")
    return people[annotation]


def _share(distances: np.ndarray, limit: float) -> float | None:
    """Return how many of the labelled joints are within `limit`; None if none is labelled."""
    labelled = distances[~np.isnan(distances)]
    return float((labelled <= limit).mean()) if labelled.size else None


def _middle(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else (left + right) / 2
