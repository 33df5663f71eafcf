"""COCO's evaluation of boxes, masks and keypoints, by faster-coco-eval or pycocotools.

The two compute the same; the first is about ten times faster. Either holds all results and all
annotations of the pictures in memory, as Python objects of about 1 kB each: until then, results go
to a file, one at a time.
"""

import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from retable_job.errors import JobError

EVALUATORS = ("faster-coco-eval", "pycocotools")


class Statistic(NamedTuple):
    """One of COCO's numbers: of precision or recall, at an overlap (None: all), size and count."""

    name: str
    of: str
    overlap: float | None
    size: str
    most: int  # detections of a picture that count


_DETECTION = (
    Statistic("AP", "precision", None, "all", 100),
    Statistic("AP50", "precision", 0.5, "all", 100),
    Statistic("AP75", "precision", 0.75, "all", 100),
    Statistic("APs", "precision", None, "small", 100),
    Statistic("APm", "precision", None, "medium", 100),
    Statistic("APl", "precision", None, "large", 100),
    Statistic("AR1", "recall", None, "all", 1),
    Statistic("AR10", "recall", None, "all", 10),
    Statistic("AR100", "recall", None, "all", 100),
    Statistic("ARs", "recall", None, "small", 100),
    Statistic("ARm", "recall", None, "medium", 100),
    Statistic("ARl", "recall", None, "large", 100),
)
_KEYPOINTS = (
    Statistic("AP", "precision", None, "all", 20),
    Statistic("AP50", "precision", 0.5, "all", 20),
    Statistic("AP75", "precision", 0.75, "all", 20),
    Statistic("APm", "precision", None, "medium", 20),
    Statistic("APl", "precision", None, "large", 20),
    Statistic("AR", "recall", None, "all", 20),
    Statistic("AR50", "recall", 0.5, "all", 20),
    Statistic("AR75", "recall", 0.75, "all", 20),
    Statistic("ARm", "recall", None, "medium", 20),
    Statistic("ARl", "recall", None, "large", 20),
)
STATISTICS = {"bbox": _DETECTION, "segm": _DETECTION, "keypoints": _KEYPOINTS}


class Results:
    """COCO results, written to a JSON file one at a time, within a `with` block."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def __enter__(self) -> Self:
        self._stream = self.path.open("w", encoding="utf-8")
        self._stream.write("[")
        return self

    def add(self, result: Mapping[str, Any]) -> None:
        """Write one result: image_id, category_id, score and bbox, segmentation or keypoints."""
        self._stream.write(",\n" if self.count else "\n")
        # In one call: json.dump would write piece by piece.
        self._stream.write(json.dumps(result, allow_nan=False))
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self._stream.write("]\n")
        self._stream.close()


def evaluate(
    annotations: Path, results: Results, kind: str, images: Sequence[int], evaluator: str
) -> dict[str, Any]:
    """Evaluate results of `kind` ("bbox", "segm", "keypoints") on the pictures `images`.

    Returns `metrics`, COCO's 12 numbers (10 of keypoints) as shares by name, such as "bbox/AP", and
    `per_class`, the AP of each category by name. None: the annotations have nothing of the kind.
    """
    truth_class, evaluation_class = _library(evaluator)
    with contextlib.redirect_stdout(sys.stderr):
        truth = truth_class(str(annotations))
        found = _loaded(truth_class, truth, results)
        evaluation = evaluation_class(truth, found, kind)
        categories = _categories(truth, kind)
        evaluation.params.imgIds = sorted(images)
        evaluation.params.catIds = [category["id"] for category in categories]
        evaluation.evaluate()
        evaluation.accumulate()
    counts = {name: np.asarray(evaluation.eval[name]) for name in ("precision", "recall")}
    sizes, most = list(evaluation.params.areaRngLbl), list(evaluation.params.maxDets)
    metrics = {
        f"{kind}/{one.name}": _mean(_selected(counts, one, sizes, most)) for one in STATISTICS[kind]
    }
    by_class = _selected(counts, STATISTICS[kind][0], sizes, most)
    return {
        "metrics": metrics,
        "per_class": {
            category["name"]: _mean(by_class[..., place])
            for place, category in enumerate(categories)
        },
    }


def compressed(mask: np.ndarray) -> dict[str, Any]:
    """Return a mask, uint8 [H, W] of 0 and 1, as COCO's compressed run lengths."""
    from faster_coco_eval.core.mask import encode

    encoded = encode(np.asfortranarray(mask))
    counts = encoded["counts"]
    text = counts.decode("ascii") if isinstance(counts, bytes) else counts
    return {"size": [int(length) for length in encoded["size"]], "counts": text}


def _library(evaluator: str) -> tuple[Any, Any]:
    if evaluator == "faster-coco-eval":
        from faster_coco_eval import COCO, COCOeval_faster

        return COCO, COCOeval_faster
    if evaluator == "pycocotools":
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        return COCO, COCOeval
    raise JobError(f"there is no evaluator {evaluator!r}: it is one of {', '.join(EVALUATORS)}")


def _loaded(truth_class: Any, truth: Any, results: Results) -> Any:
    if results.count:
        return truth.loadRes(str(results.path))
    found = truth_class()  # pycocotools cannot load none
    found.dataset = {**truth.dataset, "annotations": []}
    found.createIndex()
    return found


def _categories(truth: Any, kind: str) -> list[dict[str, Any]]:
    """Return the categories that have results of the kind, by id."""
    categories = sorted(truth.dataset["categories"], key=lambda category: category["id"])
    if kind != "keypoints":
        return categories
    found = [category for category in categories if category.get("keypoints")]
    if not found:
        raise JobError("keypoints cannot be scored: no category of the annotations has any")
    return found


def _selected(
    counts: Mapping[str, np.ndarray], one: Statistic, sizes: list[str], most: list[int]
) -> np.ndarray:
    """Return what a statistic is the mean of: [overlaps, (recalls,) categories]."""
    values = counts[one.of][..., sizes.index(one.size), most.index(one.most)]
    if one.overlap is None:
        return values
    # Overlaps are 0.5, 0.55, ..., 0.95.
    place = round((one.overlap - 0.5) / 0.05)
    return values[place : place + 1]


def _mean(values: np.ndarray) -> float | None:
    """Return the mean of the values that there are: -1 stands where a category has no truth."""
    found = values[values > -1]
    return float(found.mean()) if found.size else None
