"""index.json: the pictures of a split and their labels.

    {"set": "streets", "task": "segmentation", "split": "val",
     "classes": ["road", ...],              the names of the classes that are scored
     "ignore": 255, "label_map": [...],     segmentation only; the latter may be missing
     "annotations": "annotations.json",     detection and keypoints only: COCO format
     "items": [{"id": "000001", "picture": "pictures/000001.png", "labels": "labels/000001.png"}]}

Paths are relative to the index's folder, or absolute. `label_map` has 256 entries: which class (or
`ignore`) each value of a label file stands for; without it, values are classes. Items of detection
and keypoints have integer ids, those of the annotations, and no labels.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retable_job import contract
from retable_job.errors import JobError

FILE = "index.json"
_PATHS = ("picture", "labels")


def write(index: Mapping[str, Any], folder: Path) -> Path:
    """Write the index of what lies in `folder`; return its path."""
    path = folder / FILE
    with contract.replacing(path) as temporary:
        temporary.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    """Read an index, its paths completed by its folder; JobError if it is none."""
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        items = [_completed(item, path.parent) for item in index["items"]]
    except (ValueError, KeyError, TypeError) as error:
        raise JobError(f"{path}: not the index of a data set ({error}); make it again") from None
    if "annotations" in index:
        index["annotations"] = str(path.parent / index["annotations"])
    return {**index, "items": items}


def _completed(item: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    paths = {key: str(folder / item[key]) for key in _PATHS if key in item}
    return {**item, **paths}
