"""COCO val2017: boxes, masks and keypoints of 5,000 pictures, in the order of their ids.

From the two archives that cocodataset.org gives (`val2017.zip`, `annotations_trainval2017.zip`), or
a user's own folder (option `folder`) that holds what they unpack to: `val2017` and `annotations`.

The annotations of `instances` and `person_keypoints` become one file, of the pictures that are
asked for: persons have their keypoints in it. Split `val` is all pictures, `calibration` the last
of them: whoever calibrates with them scores on them too, unless `images` leaves them out.
Option `task`: the index's.
"""

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from retable_job import contract
from retable_job.errors import JobError, UnsupportedError

YEAR = "val2017"
PICTURES, ANNOTATIONS = f"{YEAR}.zip", "annotations_trainval2017.zip"
_INSTANCES = f"annotations/instances_{YEAR}.json"
_KEYPOINTS = f"annotations/person_keypoints_{YEAR}.json"
_FILE = "annotations.json"
_CALIBRATION = 100


class Source(Protocol):
    """Where the files of the set are."""

    def content(self, name: str) -> dict[str, Any]:
        """Read a JSON file of annotations."""
        ...

    def picture(self, name: str, folder: Path) -> str:
        """Return the path of a picture: absolute, or relative to `folder`, where it was put."""
        ...


class Folder:
    """A user's own folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def content(self, name: str) -> dict[str, Any]:
        path = self._existing(name)
        with path.open("rb") as stream:
            return _parsed(stream, str(path))

    def picture(self, name: str, folder: Path) -> str:
        return str(self._existing(f"{YEAR}/{name}").resolve())

    def _existing(self, name: str) -> Path:
        path = self._path / name
        if not path.is_file():
            raise JobError(
                f"{self._path}: holds no {name}; COCO's folder has {YEAR}/ and annotations/, as "
                f"the archives of cocodataset.org unpack to"
            )
        return path


class Archives:
    """The two archives."""

    def __init__(self, fetched: Mapping[str, Path]) -> None:
        self._archives = {name: _opened(name, fetched) for name in (PICTURES, ANNOTATIONS)}

    def content(self, name: str) -> dict[str, Any]:
        with self._member(ANNOTATIONS, name) as stream:
            return _parsed(stream, f"{ANNOTATIONS}: {name}")

    def picture(self, name: str, folder: Path) -> str:
        path = Path("pictures", name)
        with (
            self._member(PICTURES, f"{YEAR}/{name}") as source,
            contract.replacing(folder / path) as temporary,
            temporary.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
        return str(path)

    def _member(self, archive: str, name: str) -> IO[bytes]:
        try:
            return self._archives[archive].open(name)
        except KeyError:
            raise JobError(f"{archive}: holds no {name}; it is not the one of COCO 2017") from None


def make(
    options: Mapping[str, Any],
    fetched: Mapping[str, Path],
    split: str,
    images: int | None,
    folder: Path,
) -> dict[str, Any]:
    """Find the pictures of a split, and write their annotations."""
    source: Source = Folder(Path(options["folder"])) if "folder" in options else Archives(fetched)
    content = source.content(_INSTANCES)
    chosen = _chosen(sorted(content["images"], key=lambda image: image["id"]), split, images)
    categories = _write(content, source.content(_KEYPOINTS), chosen, folder)
    return {
        "task": options.get("task", "detection"),
        "classes": [category["name"] for category in categories],
        "annotations": _FILE,
        "items": [
            {
                "id": image["id"],
                "picture": source.picture(image["file_name"], folder),
                "height": image["height"],
                "width": image["width"],
            }
            for image in chosen
        ],
    }


def _chosen(ordered: list[dict[str, Any]], split: str, images: int | None) -> list[dict[str, Any]]:
    if split == "val":
        return ordered[:images]
    if split == "calibration":
        return ordered[-_CALIBRATION:][:images]
    raise UnsupportedError(f"set coco has the splits val and calibration, not {split!r}")


def _write(
    instances: Mapping[str, Any],
    persons: Mapping[str, Any],
    chosen: list[dict[str, Any]],
    folder: Path,
) -> list[dict[str, Any]]:
    """Write the annotations of the chosen pictures, keypoints among them; return the categories."""
    keypoints = {
        one["id"]: {key: one[key] for key in ("keypoints", "num_keypoints")}
        for one in persons["annotations"]
    }
    described = {category["id"]: category for category in persons["categories"]}
    categories = [{**one, **described.get(one["id"], {})} for one in instances["categories"]]
    ids = {image["id"] for image in chosen}
    content = {
        "info": instances.get("info", {}),
        "licenses": instances.get("licenses", []),
        "images": chosen,
        "categories": categories,
        "annotations": [
            {**one, **keypoints.get(one["id"], {})}
            for one in instances["annotations"]
            if one["image_id"] in ids
        ],
    }
    with contract.replacing(folder / _FILE) as temporary:
        temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
    return categories


def _opened(name: str, fetched: Mapping[str, Path]) -> zipfile.ZipFile:
    if name not in fetched:
        raise JobError(f"set coco needs the archive {name}, or a folder of your own")
    try:
        return zipfile.ZipFile(fetched[name])
    except zipfile.BadZipFile:
        raise JobError(
            f"{fetched[name]}: not a whole zip archive; delete it, fetch again"
        ) from None


def _parsed(stream: IO[bytes], where: str) -> dict[str, Any]:
    try:
        return json.load(stream)
    except ValueError as error:
        raise JobError(f"{where}: not JSON ({error})") from None
