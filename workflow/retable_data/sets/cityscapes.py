"""Cityscapes: the user's own folder, for downloading it takes an account.

Option `folder`: it holds `leftImg8bit` and `gtFine`, as leftImg8bit_trainvaltest.zip and
gtFine_trainvaltest.zip unpack. Split `val` is Cityscapes' 500 pictures, `train` its 2,975,
`calibration` 100 of `train`, evenly spread over the cities.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retable_data import cityscapes_layout
from retable_data.cityscapes_layout import LABELS, PICTURES
from retable_job.errors import JobError, UnsupportedError

_FROM = {"train": "train", "val": "val", "calibration": "train"}
_CALIBRATION = 100


def make(
    options: Mapping[str, Any],
    fetched: Mapping[str, Path],
    split: str,
    images: int | None,
    folder: Path,
) -> dict[str, Any]:
    """Find the pictures of a split and their label ids, in the order of their names."""
    if split not in _FROM:
        raise UnsupportedError(f"set cityscapes has the splits {', '.join(_FROM)}, not {split!r}")
    root = _root(options)
    theirs = _FROM[split]
    pairs = cityscapes_layout.found(root, theirs)
    if not pairs:
        raise JobError(
            f"{root / PICTURES / theirs}: holds no pictures of Cityscapes: "
            f"it takes CITY/CITY_SEQUENCE_FRAME_{PICTURES}.png"
        )
    if split == "calibration":
        pairs = _spread(pairs, _CALIBRATION)
    return cityscapes_layout.index([_item(root, theirs, *pair) for pair in pairs[:images]])


def _root(options: Mapping[str, Any]) -> Path:
    if "folder" not in options:
        raise JobError(
            "Cityscapes needs an account at cityscapes-dataset.com: "
            f"give the folder that holds your {PICTURES} and {LABELS}"
        )
    root = Path(options["folder"])
    if not root.is_dir():
        raise JobError(f"{root}: no such folder; give the one with Cityscapes' {PICTURES}")
    for part in (PICTURES, LABELS):
        if not (root / part).is_dir():
            raise JobError(f"{root}: holds no {part}; unpack {part}_trainvaltest.zip there")
    return root.resolve()


def _item(root: Path, split: str, city: str, stem: str) -> dict[str, Any]:
    labels = root / cityscapes_layout.labels(split, city, stem)
    if not labels.is_file():
        raise JobError(
            f"{labels}: no such labels, though their picture is there: {LABELS} is incomplete"
        )
    picture = root / cityscapes_layout.picture(split, city, stem)
    return {"id": stem, "picture": str(picture), "labels": str(labels)}


def _spread(pairs: list[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Return `count` of the pairs, evenly spread, or all of them where there are not as many."""
    if len(pairs) <= count:
        return pairs
    return [pairs[place * len(pairs) // count] for place in range(count)]
