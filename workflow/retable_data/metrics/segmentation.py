"""Segmentation: the share of pixels that have the right label, by class.

Predictions: `labels`, uint8 [N, h, w]. Where their size is not that of the label file, they are
resized to it, each pixel of the file taking the label under its own centre (`resizing.nearest`).
Pixels whose label is the index's `ignore` are left out.

- `miou`: the mean over the index's classes, a class that neither labels nor predictions hold
  counting 0: PaddleSeg's convention (`paddleseg.utils.metrics.mean_iou`).
- `miou_nan`: the mean over those of them that either holds.
- `pixel_accuracy`: of all pixels.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from retable_data import confusion, pictures, resizing
from retable_data.arrays import Entries
from retable_job.errors import JobError

OUTPUT = "labels"


def score(
    index: Mapping[str, Any],
    placements: list[dict[str, Any]],
    predictions: Mapping[str, Entries],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Add up one confusion matrix over all pictures; `per_class` are the classes' IoU."""
    found = _label_maps(predictions)
    counts = np.zeros((confusion.VALUES, confusion.VALUES), np.int64)
    for place, truth in enumerate(_truths(index, placements)):
        counts += confusion.matrix(truth, resizing.nearest(found[place], *truth.shape))
    return _numbers(index, counts)


def _label_maps(predictions: Mapping[str, Entries]) -> Entries:
    found = predictions.get(OUTPUT)
    if found is None:
        raise JobError(f"metric segmentation needs the output {OUTPUT!r}, not {list(predictions)}")
    if found.dtype != np.uint8 or len(found.shape) != 3:
        raise JobError(f"labels are uint8 [N, H, W], not {found.dtype} {list(found.shape)}")
    return found


def _truths(index: Mapping[str, Any], placements: list[dict[str, Any]]) -> Iterator[np.ndarray]:
    """Give the true labels of each placement, uint8 [H, W]: one of the classes, or `ignore`."""
    items = {item["id"]: item for item in index["items"]}
    table = np.array(index.get("label_map", range(confusion.VALUES)), np.uint8)
    for placement in placements:
        item = items[placement["item"]]
        if "labels" not in item:
            raise JobError(f"picture {item['id']} of set {index['set']} has no labels to score by")
        yield table[pictures.read_labels(Path(item["labels"]))]


def _numbers(index: Mapping[str, Any], counts: np.ndarray) -> dict[str, Any]:
    classes = index["classes"]
    rows = counts.sum(axis=1)
    rows[index["ignore"]] = 0
    if rows[len(classes) :].any():
        value = len(classes) + int(np.flatnonzero(rows[len(classes) :])[0])
        raise JobError(
            f"set {index['set']}: {rows[value]} pixels are labelled {value}, which is none of its "
            f"{len(classes)} classes and not {index['ignore']} (ignored)"
        )
    counted = counts[: len(classes)]
    if not counted.any():
        raise JobError(f"set {index['set']}: no pixel has a label that counts")
    ious = confusion.ious(counted)
    return {
        "metrics": {
            "miou": float(np.nan_to_num(ious).mean()),
            "miou_nan": float(np.nanmean(ious)),
            "pixel_accuracy": confusion.pixel_accuracy(counted),
        },
        "per_class": {
            name: None if np.isnan(iou) else float(iou)
            for name, iou in zip(classes, ious, strict=True)
        },
    }
