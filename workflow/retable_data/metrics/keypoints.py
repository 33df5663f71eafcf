"""Keypoints: COCO's ten numbers of poses, each found in the box of a person (top-down).

Predictions: `heatmaps` [N, 17, h, w], of inputs that the geometry `person` placed, with or without
its option `flip`. Options: those of `poses.found_in`, and `evaluator` ("faster-coco-eval", the
default, or "pycocotools"). Poses of a picture that are too much alike are one (OKS above 0.9).

PaddleDetection's own evaluation is geometry `person` with `flip: true` (TinyPose: `udp: true`
besides), and here `decoding: dark, kernel: 3, shift: true, unbiased: false` (LiteHRNet:
`decoding: quarter`): its defaults in `TopDownHRNet` and `HRNetPostProcess`.

`metrics` has "keypoints/AP", "keypoints/AP50", ...; there are no classes.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from retable_data import coco_evaluation, joints, poses
from retable_data.arrays import Entries
from retable_data.coco_evaluation import Results

_PERSON = 1  # COCO's id


def score(
    index: Mapping[str, Any],
    placements: list[dict[str, Any]],
    predictions: Mapping[str, Entries],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the poses of each picture to a file, then have COCO's evaluation read it."""
    mirror = joints.mirrored(joints.COCO)
    evaluator = options.get("evaluator", coco_evaluation.EVALUATORS[0])
    with tempfile.TemporaryDirectory(prefix="retable-") as folder:
        with Results(Path(folder) / "keypoints.json") as results:
            for result in results_of(poses.found_in(placements, predictions, mirror, options)):
                results.add(result)
        # Pictures without a labelled person have no input, and nothing to be found in them.
        images = [item["id"] for item in index["items"]]
        annotations = Path(index["annotations"])
        found = coco_evaluation.evaluate(annotations, results, "keypoints", images, evaluator)
    return {"metrics": found["metrics"]}


def results_of(found: Iterable[poses.Found]) -> Iterator[dict[str, Any]]:
    """Give COCO's results of poses, those of a picture one after the other."""
    for image, group in groupby(found, key=lambda one: one.placement["item"]):
        people = list(group)
        stacked = np.stack([one.pose for one in people])
        scores = np.array([poses.scored(one.pose, one.placement["score"]) for one in people])
        areas = np.array([one.placement["area"] for one in people])
        for place in poses.kept(stacked, scores, areas):
            yield {
                "image_id": image,
                "category_id": _PERSON,
                "keypoints": stacked[place].ravel().tolist(),
                "score": float(scores[place]),
            }
