"""How Cityscapes lays out its folder, and what an index says of pictures laid out so.

leftImg8bit/{split}/{city}/{city}_{sequence}_{frame}_leftImg8bit.png
gtFine/{split}/{city}/{city}_{sequence}_{frame}_gtFine_labelIds.png
"""

from pathlib import Path
from typing import Any

from retable_data.cityscapes_labels import CLASSES, IGNORE, LABEL_MAP

PICTURES, LABELS = "leftImg8bit", "gtFine"
_PICTURE, _LABELS = f"_{PICTURES}.png", f"_{LABELS}_labelIds.png"


def picture(split: str, city: str, stem: str) -> Path:
    """Return where a picture lies, relative to the set's folder."""
    return Path(PICTURES, split, city, stem + _PICTURE)


def labels(split: str, city: str, stem: str) -> Path:
    """Return where its labels lie."""
    return Path(LABELS, split, city, stem + _LABELS)


def found(root: Path, split: str) -> list[tuple[str, str]]:
    """List city and stem of a split's pictures, sorted; none if the folder is not there."""
    paths = sorted((root / PICTURES / split).glob(f"*/*{_PICTURE}"))
    return [(path.parent.name, path.name.removesuffix(_PICTURE)) for path in paths]


def index(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the index of such pictures."""
    return {
        "task": "segmentation",
        "classes": list(CLASSES),
        "ignore": IGNORE,
        "label_map": list(LABEL_MAP),
        "items": items,
    }
