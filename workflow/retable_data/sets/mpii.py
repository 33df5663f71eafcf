"""MPII Human Pose as PaddleDetection evaluates on it: people in the middle of a scene, 16 joints.

Option `folder`: the user's own, laid out as PaddleDetection wants it: the pictures in `images`;
`mpii_train.json`, `mpii_val.json` and `mpii_gt_val.mat` in `annotations`. Split `val` is the people
of mpii_val.json, `train` those of mpii_train.json, `calibration` 100 pictures of `train`, evenly
spread. `images` counts pictures, in the order of the file; of some, several people are labelled.

A file of people is a list of `image`, `center`, `scale`, `joints` [16][2] and `joints_vis` [16] (0:
not labelled), in MATLAB's pixels: the first is 1. PCKh is measured by heads: by what
mpii_gt_val.mat says of the people of val, in their order, which is then also where their joints
are; or, where each person of a file has its `head_box`, x1, y1, x2, y2, by these.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from retable_data import joints
from retable_job import contract
from retable_job.errors import JobError, UnsupportedError

PICTURES, ANNOTATIONS = "images", "annotations"
TRUTH = "mpii_gt_val.mat"
_FILES = {"train": "mpii_train.json", "val": "mpii_val.json", "calibration": "mpii_train.json"}
_FILE = "annotations.json"
_CALIBRATION = 100
_COUNT = len(joints.MPII)
_NOWHERE = -1  # as x of a centre: nobody said where this person is


def make(
    options: Mapping[str, Any],
    fetched: Mapping[str, Path],
    split: str,
    images: int | None,
    folder: Path,
) -> dict[str, Any]:
    """Find the pictures of a split, and write who is in them."""
    if split not in _FILES:
        raise UnsupportedError(f"set mpii has the splits {', '.join(_FILES)}, not {split!r}")
    root = _root(options)
    path = root / ANNOTATIONS / _FILES[split]
    people = _people(path)
    if split == "val" and not all("head_box" in person for person in people):
        people = _with_truth(people, path.with_name(TRUTH))
    names = list(dict.fromkeys(person["image"] for person in people))
    if split == "calibration":
        names = _spread(names, _CALIBRATION)
    chosen = {name: number for number, name in enumerate(names[:images], start=1)}
    _write(people, chosen, folder)
    return {
        "task": "keypoints",
        "classes": ["person"],
        "annotations": _FILE,
        "items": [
            {"id": number, "picture": str(_existing(root, f"{PICTURES}/{name}"))}
            for name, number in chosen.items()
        ],
    }


def _root(options: Mapping[str, Any]) -> Path:
    if "folder" not in options:
        raise JobError(f"set mpii needs a folder of your own, with {PICTURES} and {ANNOTATIONS}")
    return Path(options["folder"]).resolve()


def _existing(root: Path, name: str) -> Path:
    path = root / name
    if not path.is_file():
        raise JobError(
            f"{root}: holds no {name}; MPII's folder has {PICTURES}/ and {ANNOTATIONS}/, as "
            f"PaddleDetection lays it out"
        )
    return path


def _people(path: Path) -> list[dict[str, Any]]:
    """Read a file of people, in pixels counted from 0: their keys are those of an annotation."""
    try:
        content = json.loads(_existing(path.parents[1], f"{ANNOTATIONS}/{path.name}").read_bytes())
    except ValueError as error:
        raise JobError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, list) or not content:
        raise JobError(f"{path}: not a list of people")
    made = []
    for number, entry in enumerate(content, start=1):
        try:
            made.append({"id": number, **_person(entry)})
        except (KeyError, TypeError, ValueError) as error:
            words = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise JobError(f"{path}: person {number}: {words}") from None
    return made


def _person(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as an annotation; KeyError, TypeError or ValueError for a bad one."""
    center, scale = _numbers(entry["center"], (2,), "center"), float(entry["scale"])
    if center[0] == _NOWHERE or not 0 < scale < np.inf:
        raise ValueError(f"center {entry['center']} and scale {scale:g} are no place")
    places = _numbers(entry["joints"], (_COUNT, 2), "joints")
    labelled = _numbers(entry["joints_vis"], (_COUNT,), "joints_vis")
    made = {
        "image": str(entry["image"]),
        "center": (center - 1).tolist(),
        "scale": scale,
        "joints": _flat(places - 1, labelled > 0),
    }
    if "head_box" in entry:
        made["head_box"] = _head(_numbers(entry["head_box"], (4,), "head_box") - 1)
    return made


def _numbers(value: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    made = np.array(value, np.float64)
    if made.shape != shape or not np.isfinite(made).all():
        raise ValueError(f"{name} are not {' x '.join(map(str, shape))} numbers")
    return made


def _flat(places: np.ndarray, labelled: np.ndarray) -> list[float]:
    """Return x, y, visibility of joints in turn: 1, or all 0 for one that is not labelled."""
    if not np.isfinite(places[labelled]).all():
        raise ValueError("a labelled joint has no place")
    return np.where(labelled[:, None], np.column_stack([places, labelled]), 0.0).ravel().tolist()


def _head(box: np.ndarray) -> list[float]:
    if not np.hypot(box[2] - box[0], box[3] - box[1]) > 0:
        raise ValueError("its head has no size")
    return box.tolist()


def _with_truth(people: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Give people their head boxes, and the joints that upstream holds predictions against."""
    _existing(path.parents[1], f"{ANNOTATIONS}/{path.name}")
    found = _arrays(path)
    shapes = {
        "pos_gt_src": (_COUNT, 2, len(people)),
        "jnt_missing": (_COUNT, len(people)),
        "headboxes_src": (2, 2, len(people)),
    }
    for name, shape in shapes.items():
        if name not in found:
            raise JobError(f"{path}: holds no {name}; it is not MPII's validation truth")
        if found[name].shape != shape:
            raise JobError(
                f"{path}: {name} is {list(found[name].shape)}, and {list(shape)} is what "
                f"{len(people)} people of {_FILES['val']} take"
            )
    places, missing, heads = (found[name] for name in shapes)
    made = []
    for number, person in enumerate(people):
        try:
            head = _head(heads[:, :, number].ravel() - 1)
            labels = _flat(places[:, :, number] - 1, missing[:, number] == 0)
        except ValueError as error:
            raise JobError(f"{path}: person {number + 1}: {error}") from None
        made.append({**person, "joints": labels, "head_box": head})
    return made


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return a MAT-file's numbers by name, float64, of the shapes they have in MATLAB."""
    try:
        found = loadmat(path)
    except Exception as error:  # scipy raises what its readers stumble over, of many kinds
        raise JobError(
            f"{path}: not a whole MAT-file of MATLAB's version 7 or before: {error}"
        ) from None
    return {
        name: value.astype(np.float64)
        for name, value in found.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    }


def _spread(names: list[str], count: int) -> list[str]:
    """Return `count` of the names, evenly spread, or all of them where there are not as many."""
    if len(names) <= count:
        return names
    return [names[place * len(names) // count] for place in range(count)]


def _write(people: list[dict[str, Any]], chosen: Mapping[str, int], folder: Path) -> None:
    """Write the annotations of those who are in the chosen pictures, numbers by name."""
    content = {
        "images": [{"id": number, "file_name": name} for name, number in chosen.items()],
        "annotations": [
            {**person, "image_id": chosen[person["image"]]}
            for person in people
            if person["image"] in chosen
        ],
    }
    with contract.replacing(folder / _FILE) as temporary:
        temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
