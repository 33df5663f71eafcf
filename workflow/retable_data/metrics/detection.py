"""Detection: COCO's 12 numbers of boxes, and of masks and keypoints where a network gives them.

Predictions are the outputs of the TensorFlow 2 detection zoo, of which D is the most a network
finds in a picture:

- `num_detections` [N], `detection_scores` [N, D], `detection_classes` [N, D] (COCO's ids),
  `detection_boxes` [N, D, 4]: y1, x1, y2, x2 as shares of the picture. These it must have.
- `detection_masks` [N, D, h, w]: scores within the box.
- `detection_keypoints` [N, D, 17, 2]: y, x as shares of the picture; `detection_keypoint_scores`
  [N, D, 17].

Options:

- `evaluator`: "faster-coco-eval" (default) or "pycocotools".
- `truncate_boxes`: cut x, y, width and height down to whole pixels, as the published script does.
  Default false.
- `truncated_beside`: score the boxes so cut as well, beside the whole ones. Default false.

`metrics` has "bbox/AP", "bbox/AP50", ... and likewise "segm/", "keypoints/" and "truncated/" (boxes
cut down); `per_class` is the boxes' AP.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from retable_data import coco_evaluation, masks
from retable_data.arrays import Entries
from retable_data.coco_evaluation import Results
from retable_job.errors import JobError

_NEEDED = ("num_detections", "detection_scores", "detection_classes", "detection_boxes")
_PERSON = 1  # COCO's id, of the only category with keypoints
_TRUNCATED = "truncated"  # a kind of results beside COCO's own: boxes of whole pixels


def score(
    index: Mapping[str, Any],
    placements: list[dict[str, Any]],
    predictions: Mapping[str, Entries],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Write what was found in each picture to files, then have COCO's evaluation read them."""
    missing = [name for name in _NEEDED if name not in predictions]
    if missing:
        raise JobError(f"metric detection needs the outputs {', '.join(missing)}")
    evaluator = options.get("evaluator", coco_evaluation.EVALUATORS[0])
    with tempfile.TemporaryDirectory(prefix="retable-") as folder:
        files = written(placements, predictions, options, Path(folder))
        images = [placement["item"] for placement in placements]
        annotations = Path(index["annotations"])
        found = {
            kind: coco_evaluation.evaluate(annotations, results, _coco(kind), images, evaluator)
            for kind, results in files.items()
        }
    metrics: dict[str, float | None] = {}
    for kind, one in found.items():
        for name, value in one["metrics"].items():
            metrics[f"{kind}/{name.partition('/')[2]}"] = value
    return {"metrics": metrics, "per_class": found["bbox"]["per_class"]}


def _coco(kind: str) -> str:
    """What COCO's evaluation calls a kind of results."""
    return "bbox" if kind == _TRUNCATED else kind


def written(
    placements: list[dict[str, Any]],
    predictions: Mapping[str, Entries],
    options: Mapping[str, Any],
    folder: Path,
) -> dict[str, Results]:
    """Write the results of each kind that the outputs allow, a picture at a time."""
    kinds = ["bbox"]
    kinds += [_TRUNCATED] if options.get("truncated_beside", False) else []
    kinds += ["segm"] if "detection_masks" in predictions else []
    kinds += ["keypoints"] if "detection_keypoints" in predictions else []
    with contextlib.ExitStack() as stack:
        files = {kind: stack.enter_context(Results(folder / f"{kind}.json")) for kind in kinds}
        for place, placement in enumerate(placements):
            outputs = {name: array[place] for name, array in predictions.items()}
            for kind, result in _results(placement, outputs, kinds, options):
                files[kind].add(result)
    return files


def _results(
    placement: Mapping[str, Any],
    outputs: Mapping[str, np.ndarray],
    kinds: list[str],
    options: Mapping[str, Any],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the results of one picture, with their kinds."""
    height, width = placement["picture"]
    truncate = options.get("truncate_boxes", False)
    for found in range(int(outputs["num_detections"])):
        one = {name: array[found] for name, array in outputs.items() if array.ndim}
        result = {
            "image_id": placement["item"],
            "category_id": int(one["detection_classes"]),
            "score": float(one["detection_scores"]),
        }
        yield "bbox", {**result, "bbox": _box(one, height, width, truncate)}
        if _TRUNCATED in kinds:
            yield _TRUNCATED, {**result, "bbox": _box(one, height, width, True)}
        if "segm" in kinds:
            yield "segm", {**result, "segmentation": _mask(one, height, width)}
        if "keypoints" in kinds and result["category_id"] == _PERSON:
            yield "keypoints", {**result, "keypoints": _keypoints(one, height, width)}


def _box(one: Mapping[str, np.ndarray], height: int, width: int, truncate: bool) -> list[float]:
    """Return x, y, width, height in pixels."""
    top, left, bottom, right = one["detection_boxes"].astype(np.float64) * (
        height,
        width,
        height,
        width,
    )
    box = [left, top, right - left, bottom - top]
    return [float(int(value)) if truncate else float(value) for value in box]


def _mask(one: Mapping[str, np.ndarray], height: int, width: int) -> dict[str, Any]:
    """Return the mask as COCO's compressed run lengths."""
    mask = masks.pasted(one["detection_masks"], one["detection_boxes"], height, width)
    return coco_evaluation.compressed(mask)


def _keypoints(one: Mapping[str, np.ndarray], height: int, width: int) -> list[float]:
    """Return x, y and score of each keypoint in turn, in pixels."""
    places = one["detection_keypoints"].astype(np.float64)[:, ::-1] * (width, height)
    scores = one.get("detection_keypoint_scores", np.ones(len(places)))
    return np.column_stack([places, scores]).ravel().tolist()
