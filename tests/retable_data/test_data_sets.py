"""The drawn scenes and COCO: what they make, twice the same, and what they refuse."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retable_data import joints, masks
from retable_data.scenes.scene import scene
from retable_data.sets import coco, scenes
from retable_job.errors import JobError, UnsupportedError

OPTIONS = {"seed": 20211, "height": 240, "width": 320}


def decoded(segmentation: dict) -> np.ndarray:
    """COCO's run lengths as a mask."""
    height, width = segmentation["size"]
    runs = segmentation["counts"]
    flat = np.repeat(np.arange(len(runs)) % 2, runs)
    return flat.reshape((height, width), order="F").astype(bool)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, dict]:
    """A folder of scenes, their index and their annotations."""
    folder = tmp_path_factory.mktemp("scenes")
    index = scenes.make(OPTIONS, {}, "val", 6, folder)
    return folder, index, json.loads((folder / index["annotations"]).read_text())


def test_scenes_are_the_same_for_the_same_seed(drawn) -> None:
    made = [scene(np.random.RandomState([20211, 2, number]), 240, 320) for number in (1, 2)]
    digest = hashlib.sha256(b"".join(one.picture.tobytes() for one in made)).hexdigest()
    assert digest == "74570f926a99921dda0be97cd1c3fa4e2058d59000c28d4a2b1ee22fa0f3a99e"
    folder, index, _ = drawn
    for number, one in enumerate(made):
        stored = np.array(Image.open(folder / index["items"][number]["picture"]))
        assert np.array_equal(stored, one.picture)


def test_the_first_pictures_do_not_depend_on_how_many_there_are(drawn, tmp_path: Path) -> None:
    folder, index, content = drawn
    fewer = scenes.make(OPTIONS, {}, "val", 2, tmp_path)
    assert fewer["items"] == index["items"][:2]
    first = json.loads((tmp_path / "annotations.json").read_text())["annotations"]
    assert first == [one for one in content["annotations"] if one["image_id"] <= 2]
    name = fewer["items"][1]["picture"]
    assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_the_splits_of_scenes_differ(drawn, tmp_path: Path) -> None:
    folder, index, _ = drawn
    other = scenes.make(OPTIONS, {}, "calibration", 1, tmp_path)["items"][0]["picture"]
    assert (tmp_path / other).read_bytes() != (folder / index["items"][0]["picture"]).read_bytes()
    with pytest.raises(UnsupportedError, match="train, val, calibration, not 'test'"):
        scenes.make(OPTIONS, {}, "test", 1, tmp_path)


def test_boxes_and_areas_are_those_of_the_masks(drawn) -> None:
    _, index, content = drawn
    assert len(index["classes"]) == 9
    assert len(content["annotations"]) > 20
    for one in content["annotations"]:
        mask = decoded(one["segmentation"])
        assert mask.shape == (240, 320)
        assert one["area"] == mask.sum() >= 40
        rows, columns = np.nonzero(mask)
        x, y, width, height = one["bbox"]
        assert (x, x + width) == (columns.min(), columns.max() + 1)
        assert (y, y + height) == (rows.min(), rows.max() + 1)


def test_masks_do_not_overlap_for_what_is_hidden_is_not_seen(drawn) -> None:
    _, _, content = drawn
    for image in content["images"]:
        covered = sum(
            decoded(one["segmentation"]).astype(int)
            for one in content["annotations"]
            if one["image_id"] == image["id"]
        )
        assert covered.max() == 1


def test_persons_have_joints_where_they_are_seen(drawn) -> None:
    _, _, content = drawn
    persons = [one for one in content["annotations"] if one["category_id"] == 1]
    assert len(persons) >= 6
    for one in persons:
        mask = decoded(one["segmentation"])
        for names, key in ((joints.COCO, "keypoints"), (joints.MPII, "joints")):
            labelled = np.array(one[key]).reshape(-1, 3)
            assert len(labelled) == len(names)
            for x, y, visibility in labelled:
                seen = visibility > 0 and bool(mask[round(y), round(x)])
                assert seen == (visibility == 2)
        assert one["num_keypoints"] == sum(v > 0 for v in one["keypoints"][2::3])
        left, top, right, bottom = one["head_box"]
        assert right - left == pytest.approx(bottom - top, abs=0.02)


def test_run_lengths_begin_with_what_is_not_there() -> None:
    mask = np.array([[1, 0], [1, 1]], bool)
    assert masks.run_lengths(mask) == [0, 2, 1, 1]
    assert masks.run_lengths(~mask) == [2, 1, 1]
    for one in (mask, ~mask, np.zeros((2, 2), bool), np.ones((2, 2), bool)):
        encoded = {"size": one.shape, "counts": masks.run_lengths(one)}
        assert np.array_equal(decoded(encoded), one)


@pytest.fixture
def own_folder(drawn, tmp_path: Path) -> Path:
    """The scenes as COCO lays out val2017: two files of annotations, of which one has joints."""
    folder, _, content = drawn
    own = tmp_path / "own"
    (own / "val2017").mkdir(parents=True)
    (own / "annotations").mkdir()
    # Not in the order of their ids.
    images = [
        {**image, "file_name": f"{image['id']:012}.png"} for image in reversed(content["images"])
    ]
    for image in images:
        source = folder / f"pictures/{image['id']:06}.png"
        (own / "val2017" / image["file_name"]).write_bytes(source.read_bytes())
    of_persons = ("keypoints", "num_keypoints")
    instances = [
        {key: value for key, value in one.items() if key not in of_persons}
        for one in content["annotations"]
    ]
    categories = [{"id": one["id"], "name": one["name"]} for one in content["categories"]]
    persons = [one for one in content["annotations"] if one["category_id"] == 1]
    for name, body in {
        "instances": {"images": images, "categories": categories, "annotations": instances},
        "person_keypoints": {
            "images": images, "categories": content["categories"][:1], "annotations": persons,
        },
    }.items():  # fmt: skip
        (own / "annotations" / f"{name}_val2017.json").write_text(json.dumps(body))
    return own


@pytest.fixture
def archives(own_folder: Path, tmp_path: Path) -> dict[str, Path]:
    """The same as the two archives that are downloaded."""
    made = {}
    for name, inside in ((coco.PICTURES, "val2017"), (coco.ANNOTATIONS, "annotations")):
        made[name] = tmp_path / name
        with zipfile.ZipFile(made[name], "w") as archive:
            for path in sorted((own_folder / inside).iterdir()):
                archive.write(path, f"{inside}/{path.name}")
    return made


def test_coco_is_read_from_archives_in_the_order_of_ids(drawn, archives, tmp_path: Path) -> None:
    folder, index, content = drawn
    made = coco.make({}, archives, "val", 4, tmp_path / "made")
    assert [item["id"] for item in made["items"]] == [1, 2, 3, 4]
    assert made["classes"] == index["classes"]
    for item in made["items"]:
        wanted = (folder / f"pictures/{item['id']:06}.png").read_bytes()
        assert (tmp_path / "made" / item["picture"]).read_bytes() == wanted
    written = json.loads((tmp_path / "made" / made["annotations"]).read_text())
    # Both files' annotations are one again, of these pictures alone.
    assert written["annotations"] == [one for one in content["annotations"] if one["image_id"] <= 4]
    assert written["categories"][0]["keypoints"] == list(joints.COCO)


def test_a_users_own_folder_is_read_where_it_is(own_folder: Path, tmp_path: Path) -> None:
    made = coco.make({"folder": str(own_folder)}, {}, "val", None, tmp_path / "made")
    assert [item["id"] for item in made["items"]] == [1, 2, 3, 4, 5, 6]
    assert all(Path(item["picture"]).parent == own_folder / "val2017" for item in made["items"])
    assert not (tmp_path / "made" / "pictures").exists()


def test_what_lacks_in_a_folder_or_archive_is_said(own_folder, archives, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"needs the archive val2017\.zip, or a folder of your own"):
        coco.make({}, {}, "val", None, tmp_path)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archives[coco.PICTURES].read_bytes()[:1000])
    with pytest.raises(JobError, match="not a whole zip archive"):
        coco.make({}, {**archives, coco.PICTURES: cut}, "val", None, tmp_path)
    with pytest.raises(JobError, match="holds no annotations/instances"):
        wrong = {**archives, coco.ANNOTATIONS: archives[coco.PICTURES]}
        coco.make({}, wrong, "val", None, tmp_path)
    (own_folder / "val2017" / "000000000002.png").unlink()
    with pytest.raises(JobError, match=r"own: holds no val2017/000000000002\.png; COCO's folder"):
        coco.make({"folder": str(own_folder)}, {}, "val", None, tmp_path)
    (own_folder / coco._INSTANCES).write_text("{")
    with pytest.raises(JobError, match="instances_val2017.json: not JSON"):
        coco.make({"folder": str(own_folder)}, {}, "val", None, tmp_path)
    with pytest.raises(UnsupportedError, match="val and calibration, not 'train'"):
        coco.make({}, archives, "train", None, tmp_path)
