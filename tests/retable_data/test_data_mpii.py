"""MPII: what its loader makes of a folder, where its people are cropped, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from retable_data import joints
from retable_data.geometries import person
from retable_data.sets import mpii
from retable_job.errors import JobError, UnsupportedError

PICTURES = ["000000010.png", "000000002.png", "000000005.png"]
OF_PEOPLE = [0, 1, 1, 2]  # the picture of each of four people


def entry(random: np.random.RandomState, picture: str) -> dict:
    """A person of MPII's file: pixels are counted from 1."""
    labelled = (random.uniform(size=16) < 0.8).astype(int)
    labelled[0] = 1
    places = np.where(labelled[:, None] > 0, random.uniform(10, 90, (16, 2)), -1.0)
    return {
        "image": picture,
        "center": random.uniform(40, 60, 2).tolist(),
        "scale": float(random.uniform(0.5, 0.6)),
        "joints": places.tolist(),
        "joints_vis": labelled.tolist(),
    }


class Folder:
    """A user's MPII of three pictures and four people."""

    def __init__(self, root: Path) -> None:
        self.root = root
        random = np.random.RandomState(0)
        (root / "images").mkdir(parents=True)
        (root / "annotations").mkdir()
        for name in PICTURES:
            picture = random.randint(0, 256, (120, 100, 3)).astype(np.uint8)
            Image.fromarray(picture).save(root / "images" / name)
        self.people = [entry(random, PICTURES[place]) for place in OF_PEOPLE]
        # The truth of val is not quite what the JSON file says: whose joints count must show.
        self.places = random.uniform(10, 90, (16, 2, 4))
        self.missing = (random.uniform(size=(16, 4)) < 0.2).astype(np.uint8)
        self.missing[0] = 0
        corner = random.uniform(10, 50, (2, 4))
        self.heads = np.stack([corner, corner + random.uniform(10, 20, (2, 4))])
        self.write()

    def write(self, people=None, **truth) -> None:
        people = json.dumps(self.people if people is None else people)
        for split in ("train", "val"):
            (self.root / f"annotations/mpii_{split}.json").write_text(people)
        content = {
            "dataset_joints": np.array(["rank", "rkne"], dtype=object),
            "jnt_missing": self.missing,
            "pos_gt_src": self.places,
            "headboxes_src": self.heads,
            **truth,
        }
        savemat(self.root / "annotations/mpii_gt_val.mat", content, do_compression=True)

    def made(self, folder: Path, split: str = "val", images: int | None = None):
        """The index, and the people it names."""
        index = mpii.make({"folder": str(self.root)}, {}, split, images, folder)
        return index, json.loads((folder / index["annotations"]).read_text())["annotations"]


@pytest.fixture
def own(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "own")


def test_pictures_are_those_of_the_file_and_people_their_own(own: Folder, tmp_path: Path) -> None:
    index, people = own.made(tmp_path)
    assert (index["task"], index["classes"]) == ("keypoints", ["person"])
    assert [item["id"] for item in index["items"]] == [1, 2, 3]
    assert [Path(item["picture"]) for item in index["items"]] == [
        own.root / "images" / name for name in PICTURES
    ]
    assert [one["id"] for one in people] == [1, 2, 3, 4]
    assert [one["image_id"] for one in people] == [place + 1 for place in OF_PEOPLE]
    index, people = own.made(tmp_path, images=2)
    assert len(index["items"]) == 2
    assert [one["id"] for one in people] == [1, 2, 3]


def test_joints_and_heads_of_val_are_those_of_the_truth(own: Folder, tmp_path: Path) -> None:
    _, people = own.made(tmp_path)
    for number, one in enumerate(people):
        labelled = np.array(one["joints"]).reshape(16, 3)
        there = own.missing[:, number] == 0
        assert labelled[:, 2].tolist() == there.astype(float).tolist()
        assert labelled[there, :2] == pytest.approx(own.places[there, :, number] - 1)
        assert not labelled[~there].any()
        assert one["head_box"] == pytest.approx((own.heads[:, :, number] - 1).ravel())
        assert one["center"] == pytest.approx(np.array(own.people[number]["center"]) - 1)
        assert one["scale"] == own.people[number]["scale"]


def test_head_boxes_of_the_file_stand_for_the_truth(own: Folder, tmp_path: Path) -> None:
    people = [{**one, "head_box": [11, 21, 31, 51]} for one in own.people]
    own.write(people)
    (own.root / "annotations/mpii_gt_val.mat").unlink()
    _, made = own.made(tmp_path)
    for one, given in zip(made, own.people, strict=True):
        assert one["head_box"] == [10, 20, 30, 50]
        labelled = np.array(one["joints"]).reshape(16, 3)
        there = np.array(given["joints_vis"]) > 0
        assert labelled[:, 2].tolist() == there.astype(float).tolist()
        assert labelled[there, :2] == pytest.approx(np.array(given["joints"])[there] - 1)


def test_train_needs_no_truth_and_calibration_is_spread_over_it(own, tmp_path: Path) -> None:
    names = [f"{number:09}.png" for number in range(250)]
    for name in names:
        (own.root / "images" / name).write_bytes(b"")
    own.write([{**own.people[0], "image": name} for name in names])
    (own.root / "annotations/mpii_gt_val.mat").unlink()
    index, people = own.made(tmp_path, "train")
    assert len(index["items"]) == len(people) == 250
    assert "head_box" not in people[0]
    index, people = own.made(tmp_path, "calibration")
    assert [Path(item["picture"]).name for item in index["items"]][:3] == [
        names[0], names[2], names[5],
    ]  # fmt: skip
    assert len(index["items"]) == len(people) == 100


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scale": 0}, r"person 2: center \[1, 2\] and scale 0 are no place"),
        ({"center": [-1, -1]}, r"person 2: center \[-1, -1\] and scale 0.5 are no place"),
        ({"center": [1, 2, 3]}, "person 2: center are not 2 numbers"),
        ({"joints": [[1, 2]] * 15}, "person 2: joints are not 16 x 2 numbers"),
        ({"joints_vis": ["a"] * 16}, "person 2: could not convert"),
        ({"joints": [[float("nan"), 2]] * 16}, "person 2: joints are not 16 x 2 numbers"),
        ({"head_box": [5, 5, 5, 5]}, "person 2: its head has no size"),
    ],
)
def test_a_bad_person_is_one_sentence(own: Folder, tmp_path: Path, change, words) -> None:
    good = {**own.people[1], "center": [1, 2], "scale": 0.5}
    own.write([own.people[0], {**good, **change}, *own.people[2:]])
    with pytest.raises(JobError, match=words) as raised:
        own.made(tmp_path)
    assert "mpii_val.json" in str(raised.value)


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ({"pos_gt_src": np.zeros((16, 2, 3))}, r"is \[16, 2, 3\], and \[16, 2, 4\] is what 4 peop"),
        ({"headboxes_src": "none"}, "holds no headboxes_src; it is not MPII's validation truth"),
        ({"headboxes_src": np.ones((2, 2, 4))}, "person 1: its head has no size"),
        ({"pos_gt_src": np.full((16, 2, 4), np.nan)}, "person 1: a labelled joint has no place"),
    ],
)
def test_a_truth_that_does_not_fit_is_one_sentence(own, tmp_path: Path, truth, words) -> None:
    own.write(**truth)
    with pytest.raises(JobError, match=words) as raised:
        own.made(tmp_path)
    assert "mpii_gt_val.mat" in str(raised.value)


def test_what_lacks_in_a_folder_is_said(own: Folder, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="set mpii needs a folder of your own"):
        mpii.make({}, {}, "val", None, tmp_path)
    with pytest.raises(UnsupportedError, match="train, val, calibration, not 'test'"):
        own.made(tmp_path, "test")
    (own.root / "images" / PICTURES[1]).unlink()
    with pytest.raises(JobError, match=r"own: holds no images/000000002\.png; MPII's folder has"):
        own.made(tmp_path)
    (own.root / "annotations/mpii_gt_val.mat").unlink()
    with pytest.raises(JobError, match=r"holds no annotations/mpii_gt_val\.mat"):
        own.made(tmp_path)
    own.write([])
    with pytest.raises(JobError, match=r"mpii_val\.json: not a list of people"):
        own.made(tmp_path)
    own.write([{"image": "a.png"}])
    with pytest.raises(JobError, match=r"mpii_val\.json: person 1: no 'center'"):
        own.made(tmp_path)
    (own.root / "annotations/mpii_val.json").write_text("[{")
    with pytest.raises(JobError, match=r"mpii_val\.json: not JSON"):
        own.made(tmp_path)


def test_a_truth_that_is_no_mat_file_or_cut_is_one_sentence(own: Folder, tmp_path: Path) -> None:
    path = own.root / "annotations/mpii_gt_val.mat"
    whole = path.read_bytes()
    for length in (0, 60, 130, 150, 200, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(JobError, match="mpii_gt_val.mat: not a whole MAT-file of MATLAB's"):
            own.made(tmp_path)


def test_a_person_placed_by_scale_is_cropped_as_upstream_does_it(own, tmp_path: Path) -> None:
    _, people = own.made(tmp_path)
    picture = np.zeros((120, 100, 3), np.uint8)
    item = {"id": 1, "annotations": people}
    made = person.place(picture, item, 256, 256, {"by": "scale"})
    assert [placement["annotation"] for _, placement in made] == [1, 2, 3, 4]
    for (_, placement), given in zip(made, own.people, strict=True):
        # parse_dataset: 15 units down, then a quarter more, then from 1-based pixels.
        scale, x = given["scale"], given["center"][0] - 1
        y = given["center"][1] + 15 * scale - 1
        affine = np.array(placement["affine"])
        # get_affine_transform: the middle of the input is the centre, its width is the square's.
        assert affine @ (128, 128, 1) == pytest.approx([x, y])
        assert affine[:, :2] == pytest.approx(np.eye(2) * scale * 1.25 * 200 / 256)


def test_by_what_a_person_is_placed_is_one_of_two(own: Folder, tmp_path: Path) -> None:
    _, people = own.made(tmp_path)
    item = {"id": 1, "annotations": people}
    with pytest.raises(JobError, match="placed by 'box' or 'scale', not by 'head'"):
        person.place(np.zeros((9, 9, 3), np.uint8), item, 32, 32, {"by": "head"})


def test_its_people_as_prediction_give_1_of_every_number(data, own: Folder) -> None:
    made = data.dataset("mpii", folder=str(own.root))
    assert made["outcome"] == "ok", made["reason"]
    index = made["artifacts"]["index"]
    inputs = data.inputs(index, "person", 256, 256, by="scale", flip=True)
    placements = inputs["artifacts"]["placements"]
    content = json.loads((Path(index["path"]).parent / "annotations.json").read_text())
    people = {one["id"]: one for one in content["annotations"]}
    maps = []
    for placement in json.loads(Path(placements["path"]).read_text()):
        places = np.array(people[placement["annotation"]]["joints"]).reshape(-1, 3)[:, :2]
        (scale, _, x), (_, _, y) = placement["affine"]
        pixels = np.rint((places - (x, y)) / scale / 4).astype(int).clip(0, 63)
        if placement["flipped"]:
            pixels = pixels[joints.mirrored(joints.MPII)]
            pixels[:, 0] = 63 - pixels[:, 0]
        drawn = np.zeros((16, 64, 64), np.float32)
        drawn[np.arange(16), pixels[:, 1], pixels[:, 0]] = 1
        maps.append(drawn)
    result = data.score(
        "pckh", index, placements, {"heatmaps": np.stack(maps)}, decoding="argmax", shift=False
    )
    assert result["outcome"] == "ok", result["reason"]
    metrics = result["facts"]["metrics"]
    del metrics["pckh/mean_0.1"]  # whole pixels of a heatmap are not as exact as that
    assert len(metrics) == 8
    assert set(metrics.values()) == {1.0}
