"""streets: drawn street scenes with Cityscapes' 19 classes, in Cityscapes' layout.

Options: `seed`, `height` and `width` of the pictures. A picture depends on these, its split and its
number alone. The network in data/embedded was trained on `train` of the seed in
config/datasets/streets.yaml.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retable_data import cityscapes_layout, pictures, streets
from retable_job.errors import UnsupportedError

CITY = "streets"
_COUNTS = {"train": 4000, "val": 64, "calibration": 32}


def make(
    options: Mapping[str, Any],
    fetched: Mapping[str, Path],
    split: str,
    images: int | None,
    folder: Path,
) -> dict[str, Any]:
    """Draw the pictures of a split and their label ids."""
    if split not in _COUNTS:
        raise UnsupportedError(f"set streets has the splits {', '.join(_COUNTS)}, not {split!r}")
    items = []
    for number in range(images or _COUNTS[split]):
        stem = f"{CITY}_000000_{number:06}"
        picture = cityscapes_layout.picture(split, CITY, stem)
        labels = cityscapes_layout.labels(split, CITY, stem)
        drawn, ids = streets.draw(
            options["seed"], split, number, options["height"], options["width"]
        )
        pictures.write_png(drawn, folder / picture)
        pictures.write_png(ids, folder / labels)
        items.append({"id": stem, "picture": str(picture), "labels": str(labels)})
    return cityscapes_layout.index(items)
