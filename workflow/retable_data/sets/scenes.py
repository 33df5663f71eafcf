"""Drawn scenes in COCO's format: persons with 17 joints, things of eight categories, masks.

Options: `seed`, `height` and `width` of the pictures, `task` (the index's). A picture depends on
the seed, its split and its number alone. Persons have MPII's joints besides, with `head_box`,
`center` and `scale`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from retable_data import joints, pictures
from retable_data.scenes.scene import PERSON, scene
from retable_data.scenes.things import THINGS
from retable_job import contract
from retable_job.errors import UnsupportedError

ANNOTATIONS = "annotations.json"
_SPLITS = {"train": (1, 400), "val": (2, 100), "calibration": (3, 32)}  # of the seed, and how many


def make(
    options: Mapping[str, Any],
    fetched: Mapping[str, Path],
    split: str,
    images: int | None,
    folder: Path,
) -> dict[str, Any]:
    """Draw the pictures of a split, and write COCO annotations of them."""
    if split not in _SPLITS:
        raise UnsupportedError(f"set scenes has the splits {', '.join(_SPLITS)}, not {split!r}")
    stream, usual = _SPLITS[split]
    items: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(1, (images or usual) + 1):
        random = np.random.RandomState([options["seed"], stream, number])
        made = scene(random, options["height"], options["width"])
        path = Path("pictures", f"{number:06}.png")
        pictures.write_png(made.picture, folder / path)
        items.append({"id": number, "picture": str(path)})
        for one in made.annotations:
            annotations.append({"id": len(annotations) + 1, "image_id": number, **one})
    categories = _categories()
    _write(items, annotations, categories, options, folder)
    return {
        "task": options.get("task", "detection"),
        "classes": [category["name"] for category in categories],
        "annotations": ANNOTATIONS,
        "items": [
            {**item, "height": options["height"], "width": options["width"]} for item in items
        ],
    }


def _categories() -> list[dict[str, Any]]:
    person = {"id": PERSON, "name": "person", "keypoints": list(joints.COCO)}
    things = [{"id": number, "name": name} for number, (name, _, _) in sorted(THINGS.items())]
    return [{**person, "skeleton": joints.COCO_SKELETON}, *things]


def _write(
    items: list[dict[str, Any]],
    annotations: list[dict[str, Any]],
    categories: list[dict[str, Any]],
    options: Mapping[str, Any],
    folder: Path,
) -> None:
    content = {
        "info": {"description": "scenes, drawn from a seed"},
        "images": [
            {
                "id": item["id"],
                "file_name": item["picture"],
                "height": options["height"],
                "width": options["width"],
            }
            for item in items
        ],
        "categories": categories,
        "annotations": annotations,
    }
    with contract.replacing(folder / ANNOTATIONS) as temporary:
        temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
