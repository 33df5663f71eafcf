"""PCKh@0.5: the share of MPII's joints found within half a head of where they are.

Predictions: `heatmaps` [N, 16, h, w], of inputs that the geometry `person` placed. Options: those
of `poses.found_in`. Annotations have `joints`, x, y and visibility of MPII's 16 in turn (0: not
labelled), and `head_box`, x1, y1, x2, y2.

A head's size is 0.6 of its box's diagonal (MPII's `SC_BIAS`). `metrics` has "pckh/mean", over all
labelled joints but pelvis and thorax, which upstream leaves out (HRNet's `MPIIDataset.evaluate`),
and "pckh/mean_0.1", within a tenth. `per_class` are the parts of the body, left and right together.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from retable_data import joints, poses
from retable_data.arrays import Entries
from retable_job.errors import JobError

HEAD = 0.6
_LEFT_OUT = ("pelvis", "thorax")
_LIMITS = {"pckh/mean": 0.5, "pckh/mean_0.1": 0.1}


def score(
    index: Mapping[str, Any],
    placements: list[dict[str, Any]],
    predictions: Mapping[str, Entries],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Compare each person's joints with the labelled ones."""
    people = _annotations(Path(index["annotations"]))
    mirror = joints.mirrored(joints.MPII)
    found = poses.found_in(placements, predictions, mirror, options)
    distances = np.array([in_heads(one.pose, people[one.placement["annotation"]]) for one in found])
    counted = [place for place, name in enumerate(joints.MPII) if name not in _LEFT_OUT]
    return {
        "metrics": {name: _share(distances[:, counted], limit) for name, limit in _LIMITS.items()},
        "per_class": {
            part: _share(distances[:, places], _LIMITS["pckh/mean"])
            for part, places in _parts().items()
        },
    }


def in_heads(pose: np.ndarray, annotation: Mapping[str, Any]) -> np.ndarray:
    """Return how far a pose [16, 3] is from the labels, in heads [16]; nan: not labelled."""
    labelled = np.array(annotation["joints"], np.float64).reshape(-1, 3)
    left, top, right, bottom = annotation["head_box"]
    head = HEAD * np.hypot(right - left, bottom - top)
    distances = np.linalg.norm(pose[:, :2] - labelled[:, :2], axis=1) / head
    return np.where(labelled[:, 2] > 0, distances, np.nan)


def _annotations(path: Path) -> dict[int, dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    people = {one["id"]: one for one in content["annotations"] if "head_box" in one}
    if not people:
        raise JobError(f"{path}: nobody has a head box, which PCKh measures by")
    return people


def _parts() -> dict[str, list[int]]:
    """Return the parts of the body, and the places of their joints."""
    parts: dict[str, list[int]] = {}
    for place, name in enumerate(joints.MPII):
        parts.setdefault(name.removeprefix("left_").removeprefix("right_"), []).append(place)
    return parts


def _share(distances: np.ndarray, limit: float) -> float | None:
    labelled = distances[~np.isnan(distances)]
    return float((labelled <= limit).mean()) if labelled.size else None
