"""Keypoints' numbers: the truth as prediction, the way back to the picture, who is kept."""

import json
from pathlib import Path

import numpy as np
import pytest

from retable.config.load import load_configuration
from retable_data import joints, poses
from retable_data.geometries import person
from retable_data.metrics import keypoints, pckh
from retable_job.errors import JobError

ROOT = Path(__file__).parents[2]
OPTIONS = {"seed": 20211, "height": 480, "width": 640}
SIZES = [(256, 192), (128, 96)]
NAMES = ["AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl"]


def placement_of(box, size=(256, 192), udp: bool = False, **changed) -> dict:
    affine = person.affine_of(person.widened(box, size[1] / size[0], 1.25), *size, udp)
    return {
        "item": 1, "annotation": 7, "picture": [480, 640], "input": list(size), "udp": udp,
        "affine": affine.tolist(), "area": 5000.0, "score": 1.0, "flipped": False, **changed,
    }  # fmt: skip


def to_heatmap(places: np.ndarray, placement: dict, stride: int = 4) -> np.ndarray:
    """Where joints of the picture lie in a heatmap: the inverse of the way back, by definition."""
    (a, _, c), (_, e, f) = placement["affine"]
    in_input = (places - (c, f)) / (a, e)
    height, width = placement["input"]
    if placement["udp"]:
        return in_input * ((width / stride - 1) / (width - 1), (height / stride - 1) / (height - 1))
    return in_input / stride


def heatmaps_of(places: np.ndarray, placement: dict, sigma: float = 2.0) -> np.ndarray:
    """Heatmaps with a Gaussian at each joint, float32 [K, h, w]."""
    height, width = (length // 4 for length in placement["input"])
    centres = to_heatmap(places, placement)
    rows, columns = np.mgrid[:height, :width]
    squares = (columns - centres[:, 0, None, None]) ** 2 + (rows - centres[:, 1, None, None]) ** 2
    return (0.95 * np.exp(-squares / (2 * sigma**2))).astype(np.float32)


def mirrored_heatmaps(places: np.ndarray, placement: dict, names: tuple) -> np.ndarray:
    """What a perfect network finds in the mirrored input."""
    (a, _, c), _ = placement["affine"]
    width = placement["input"][1]
    seen = places[joints.mirrored(names)].copy()
    seen[:, 0] = a * (width - 1 - (seen[:, 0] - c) / a) + c
    return heatmaps_of(seen, placement)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("udp", [False, True])
def test_joints_come_back_to_where_they_are(udp: bool, size) -> None:
    placement = placement_of((200, 100, 120, 250), size, udp)
    places = np.random.RandomState(0).uniform((240, 180), (280, 270), (17, 2))
    maps = heatmaps_of(places, placement)[None]
    (found,) = poses.found_in(
        [placement], {"heatmaps": maps}, joints.mirrored(joints.COCO), {"decoding": "udp"}
    )
    # A thousandth of a pixel of the heatmap.
    pixel = placement["affine"][0][0] * 4
    assert np.abs(found.pose[:, :2] - places).max() < 2e-3 * pixel
    assert found.pose[:, 2] == pytest.approx(maps[0].max(axis=(1, 2)))


@pytest.mark.parametrize("udp", [False, True])
def test_the_flip_test_finds_the_same_joints(udp: bool) -> None:
    placement = placement_of((200, 100, 120, 250), udp=udp)
    places = np.random.RandomState(1).uniform((220, 120), (300, 330), (17, 2))
    both = [heatmaps_of(places, placement), mirrored_heatmaps(places, placement, joints.COCO)]
    flipped = {**placement, "flipped": True}
    mirror = joints.mirrored(joints.COCO)
    (found,) = poses.found_in(
        [placement, flipped], {"heatmaps": np.stack(both)}, mirror, {"decoding": "udp"}
    )
    off = np.abs(found.pose[:, :2] - places).max() / (placement["affine"][0][0] * 4)
    # By UDP exactly; else the two lie a quarter of a pixel apart, once the grid is moved back.
    assert off < 2e-3 if udp else 0.1 < off < 0.126


def test_paddles_way_back_is_hrnets_even_where_inputs_are_placed_by_udp() -> None:
    placement = placement_of((200, 100, 120, 250), udp=True)
    places = np.array([[0.0, 0.0], [47.0, 63.0]])
    unbiased = poses.to_picture(places, placement, (64, 48), unbiased=True)
    box = person.widened((200, 100, 120, 250), 0.75, 1.25)
    corners = [
        [box.x - box.width / 2, box.y - box.height / 2],
        [box.x + box.width / 2, box.y + box.height / 2],
    ]
    assert unbiased == pytest.approx(np.array(corners))
    hrnets = poses.to_picture(places, placement, (64, 48), unbiased=False)
    # transform_preds: the heatmap's middle, width / 2, is the box's.
    wanted = (places - (24, 32)) * (box.width / 48, box.height / 64) + (box.x, box.y)
    assert hrnets == pytest.approx(wanted)


def similarity_by_definition(one: np.ndarray, other: np.ndarray, area: float) -> float:
    total = 0.0
    for place, sigma in enumerate(joints.COCO_SIGMAS):
        squared = (one[place, 0] - other[place, 0]) ** 2 + (one[place, 1] - other[place, 1]) ** 2
        total += np.exp(-squared / (2 * area * (2 * sigma) ** 2))
    return total / 17


def test_similarity_is_its_definition() -> None:
    random = np.random.RandomState(2)
    one = random.uniform(0, 100, (17, 3))
    others = one + random.standard_normal((5, 17, 3)) * 4
    areas = np.array([100.0, 500, 1000, 5000, 9000])
    found = poses.similarity(one, others, 800.0, areas)
    wanted = [
        similarity_by_definition(one, other, (800 + area) / 2)
        for other, area in zip(others, areas, strict=True)
    ]
    assert found == pytest.approx(wanted, rel=1e-9)


def test_of_two_poses_that_are_alike_the_better_is_kept() -> None:
    pose = np.random.RandomState(3).uniform(0, 100, (17, 3))
    stacked = np.stack([pose, pose + 0.1, pose + 60])
    areas = np.array([5000.0, 5000.0, 5000.0])
    assert poses.kept(stacked, np.array([0.5, 0.7, 0.1]), areas) == [1, 2]
    assert poses.kept(stacked, np.array([0.5, 0.3, 0.6]), areas) == [2, 0]


def test_a_pose_is_worth_its_visible_joints() -> None:
    pose = np.zeros((17, 3))
    pose[:3, 2] = 0.8, 0.4, 0.2
    assert poses.scored(pose, 1.0) == pytest.approx(0.6)
    assert poses.scored(pose, 0.5) == pytest.approx(0.3)
    assert poses.scored(np.zeros((17, 3)), 1.0) == 0.0


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("logits", (1, 17, 64, 48), "read from the output 'heatmaps', not \\['logits'\\]"),
        ("heatmaps", (1, 16, 64, 48), "heatmaps are \\[N, 17, H, W\\], not \\[1, 16, 64, 48\\]"),
    ],
)
def test_outputs_that_are_no_heatmaps_are_refused(name, shape, words) -> None:
    with pytest.raises(JobError, match=words):
        list(poses.found_in([placement_of((1, 1, 9, 9))], {name: np.zeros(shape)}, range(17), {}))


class Persons:
    """A set with keypoints, its inputs, and heatmaps as a perfect network would give them."""

    def __init__(self, data, index: dict, size=(256, 192), **options) -> None:
        self.index = index
        content = json.loads((Path(index["path"]).parent / "annotations.json").read_text())
        self.people = {one["id"]: one for one in content["annotations"]}
        inputs = data.inputs(index, "person", *size, **options)
        assert inputs["outcome"] == "ok", inputs["reason"]
        self.placements = inputs["artifacts"]["placements"]
        self.placed = json.loads(Path(self.placements["path"]).read_text())
        self.pictures = np.load(inputs["artifacts"]["pictures"]["path"])

    def heatmaps(self, key: str = "keypoints", names: tuple = joints.COCO) -> np.ndarray:
        made = []
        for placement in self.placed:
            places = np.array(self.people[placement["annotation"]][key]).reshape(-1, 3)[:, :2]
            if placement["flipped"]:
                made.append(mirrored_heatmaps(places, placement, names))
            else:
                made.append(heatmaps_of(places, placement))
        return np.stack(made)


def scenes(data, **options) -> Persons:
    made = data.dataset("scenes", images=12, **OPTIONS, task="keypoints")
    assert made["outcome"] == "ok", made["reason"]
    return Persons(data, made["artifacts"]["index"], **options)


@pytest.mark.real
@pytest.mark.parametrize("evaluator", ["faster-coco-eval", "pycocotools"])
@pytest.mark.parametrize("udp", [False, True])
def test_the_truth_as_heatmaps_is_perfect(real_data, udp: bool, evaluator: str) -> None:
    persons = scenes(real_data, udp=udp)
    result = real_data.score(
        "keypoints",
        persons.index,
        persons.placements,
        {"heatmaps": persons.heatmaps()},
        decoding="dark",
        evaluator=evaluator,
    )
    assert result["outcome"] == "ok", result["reason"]
    metrics = result["facts"]["metrics"]
    assert list(metrics) == [f"keypoints/{name}" for name in NAMES]
    assert list(metrics.values()) == pytest.approx([1.0] * 10)


def scored_as_its_file_says(data, name: str, **changes) -> list[float]:
    """COCO's numbers of the truth, as a model's own heatmaps of an input and its mirror image."""
    model = load_configuration(ROOT).models[name]
    persons = scenes(data, size=tuple(model.options["input"]), **model.preparation.options)
    assert any(one["flipped"] for one in persons.placed)
    result = data.score(
        "keypoints",
        persons.index,
        persons.placements,
        {"heatmaps": persons.heatmaps()},
        **{**model.metric_options, **changes},
    )
    assert result["outcome"] == "ok", result["reason"]
    return list(result["facts"]["metrics"].values())


@pytest.mark.real
@pytest.mark.parametrize("name", ["hrnet-w32-256x192", "lite-hrnet-18-384x288"])
def test_the_truth_is_perfect_as_a_models_file_has_it_decoded(real_data, name: str) -> None:
    assert scored_as_its_file_says(real_data, name) == pytest.approx([1.0] * 10)


@pytest.mark.real
def test_tinypose_loses_by_paddles_way_back_and_not_by_udps(real_data) -> None:
    """Its heatmaps are UDP's, and PaddleDetection reads them as HRNet's."""
    name = "tinypose-128x96"
    ap = scored_as_its_file_says(real_data, name)[0]
    assert 0.9 < ap < 0.95
    unbiased = scored_as_its_file_says(real_data, name, shift=False, unbiased=True)
    assert unbiased == pytest.approx([1.0] * 10)


@pytest.mark.real
def test_the_flip_test_and_the_shift_of_the_grid(real_data) -> None:
    persons = scenes(real_data, size=(128, 96), flip=True)
    assert len(persons.pictures) == 2 * len({one["annotation"] for one in persons.placed})
    maps = {"heatmaps": persons.heatmaps()}
    score = {
        shift: real_data.score(
            "keypoints", persons.index, persons.placements, maps, decoding="dark", shift=shift
        )["facts"]["metrics"]["keypoints/AP"]
        for shift in (True, False)
    }
    assert score[True] > score[False]
    assert score[True] > 0.95


@pytest.mark.real
def test_joints_that_are_off_are_worth_less(real_data) -> None:
    persons = scenes(real_data)
    maps = np.roll(persons.heatmaps(), 3, axis=3)
    result = real_data.score(
        "keypoints", persons.index, persons.placements, {"heatmaps": maps}, decoding="dark"
    )
    assert result["facts"]["metrics"]["keypoints/AP"] < 0.6


@pytest.fixture
def coco_persons(reference: Path, tmp_path: Path) -> dict:
    """The four pictures of the reference with 14 persons, as an index."""
    folder = reference / "coco-persons"
    content = json.loads((folder / "test_coco.json").read_text())
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    items = [
        {"id": image["id"], "picture": str(folder / image["file_name"])}
        for image in content["images"]
    ]
    index = {
        "set": "persons", "task": "keypoints", "split": "val", "classes": ["person"],
        "annotations": "annotations.json", "items": items,
    }  # fmt: skip
    path = tmp_path / "index.json"
    path.write_text(json.dumps(index))
    return {"path": path, "people": content["annotations"]}


@pytest.mark.real
def test_cocos_own_persons_as_prediction_give_1_in_all_ten_numbers(
    real_data, coco_persons, artifact_of
) -> None:
    persons = Persons(real_data, artifact_of(coco_persons["path"]), udp=True)
    # Two of the 14 have no joint that is labelled.
    assert len(persons.pictures) == sum(one["num_keypoints"] > 0 for one in coco_persons["people"])
    result = real_data.score(
        "keypoints",
        persons.index,
        persons.placements,
        {"heatmaps": persons.heatmaps()},
        decoding="udp",
    )
    assert list(result["facts"]["metrics"].values()) == [1.0] * 10
    assert result["facts"]["images"] == 4


PARTS = ["head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
PCKH = [f"pckh/{name}" for name in ["mean", "mean_0.1", *PARTS]]


def test_pckh_of_the_truth_is_1_as_the_models_file_has_it_and_falls_with_the_distance(data) -> None:
    model = load_configuration(ROOT).models["hrnet-w32-256x256-mpii"]
    persons = scenes(data, size=tuple(model.options["input"]), **model.preparation.options)
    assert any(one["flipped"] for one in persons.placed)
    maps = persons.heatmaps("joints", joints.MPII)
    given = ("pckh", persons.index, persons.placements)
    result = data.score(*given, {"heatmaps": maps}, **model.metric_options)
    assert result["outcome"] == "ok", result["reason"]
    assert result["facts"]["metrics"] == dict.fromkeys(PCKH, 1.0)
    assert result["facts"]["per_class"] == dict.fromkeys(joints.MPII, 1.0)
    # The mirrored ones the other way, so that the flip test does not take it back.
    off = [
        np.roll(one, -2 if placement["flipped"] else 2, axis=2)
        for one, placement in zip(maps, persons.placed, strict=True)
    ]
    moved = data.score(*given, {"heatmaps": np.stack(off)}, **model.metric_options)
    assert moved["facts"]["metrics"]["pckh/mean_0.1"] < 0.1
    assert moved["facts"]["metrics"]["pckh/mean"] > 0.9


def labelled_by_chance(random: np.random.RandomState) -> dict:
    visible = random.randint(0, 3, 16)
    return {
        "joints": np.column_stack([random.uniform(0, 200, (16, 2)), visible]).ravel().tolist(),
        "head_box": [*random.uniform(0, 50, 2).tolist(), *random.uniform(60, 130, 2).tolist()],
    }


def places_of(annotation: dict) -> np.ndarray:
    return np.array(annotation["joints"]).reshape(16, 3)


@pytest.mark.parametrize("name", joints.MPII)
def test_half_a_head_is_where_a_joint_begins_to_be_missed(name: str) -> None:
    random = np.random.RandomState(7)
    people = [labelled_by_chance(random) for _ in range(8)]
    for one in people:
        one["joints"][2::3] = [2] * 16
    place = joints.MPII.index(name)

    def share_at(heads: float) -> float:
        pairs = []
        for one in people:
            left, top, right, bottom = one["head_box"]
            head = 0.6 * np.hypot(right - left, bottom - top)
            angle = random.uniform(0, 2 * np.pi)
            pose = places_of(one).copy()
            pose[place, :2] += heads * head * np.array([np.cos(angle), np.sin(angle)])
            pairs.append((pose, one))
        found = pckh.scored(pairs)
        others = [share for other, share in found["per_class"].items() if other != name]
        assert others == [1.0] * 15
        assert found["metrics"]["pckh/mean_0.1"] == found["metrics"]["pckh/mean"] or heads > 0.1
        return found["per_class"][name]

    assert (share_at(0.499), share_at(0.501)) == (1.0, 0.0)


def test_pckh_is_its_definition() -> None:
    random = np.random.RandomState(8)
    people = [labelled_by_chance(random) for _ in range(40)]
    poses_found = [
        places_of(one) + random.standard_normal((16, 3)) * random.uniform(0, 40) for one in people
    ]
    hits, counts = [0] * 16, [0] * 16
    for one, pose in zip(people, poses_found, strict=True):
        left, top, right, bottom = one["head_box"]
        half = 0.5 * 0.6 * ((right - left) ** 2 + (bottom - top) ** 2) ** 0.5
        for place, (x, y, visibility) in enumerate(places_of(one)):
            if visibility:
                counts[place] += 1
                hits[place] += (pose[place, 0] - x) ** 2 + (pose[place, 1] - y) ** 2 <= half**2
    found = pckh.scored(zip(poses_found, people, strict=True))
    shares = [hit / count for hit, count in zip(hits, counts, strict=True)]
    assert 0.2 < min(shares) < max(shares) < 0.95
    assert list(found["per_class"].values()) == pytest.approx(shares)
    # Pelvis and thorax, the seventh and the eighth, do not count.
    mean = sum(hits[:6] + hits[8:]) / sum(counts[:6] + counts[8:])
    metrics = found["metrics"]
    assert list(metrics) == PCKH
    assert metrics["pckh/mean"] == pytest.approx(mean)
    assert metrics["pckh/head"] == pytest.approx(shares[9])
    assert metrics["pckh/ankle"] == pytest.approx((shares[0] + shares[5]) / 2)
    assert metrics["pckh/wrist"] == pytest.approx((shares[10] + shares[15]) / 2)
    assert metrics["pckh/shoulder"] == pytest.approx((shares[12] + shares[13]) / 2)


def test_what_nobody_labelled_has_no_share_and_a_pose_of_nothing_is_missed() -> None:
    annotation = labelled_by_chance(np.random.RandomState(9))
    annotation["joints"][2::3] = [0] + [1] * 15
    found = pckh.scored([(np.full((16, 3), np.nan), annotation)])
    assert found["per_class"]["right_ankle"] is None
    assert found["metrics"]["pckh/ankle"] is None
    assert found["metrics"]["pckh/mean"] == found["metrics"]["pckh/knee"] == 0.0
    assert set(pckh.scored([])["metrics"].values()) == {None}


def test_a_head_is_six_tenths_of_its_boxs_diagonal() -> None:
    labelled = [[100, 100, 2]] * 8 + [[100, 100, 1]] * 7 + [[0, 0, 0]]
    annotation = {"joints": np.ravel(labelled).tolist(), "head_box": [0, 0, 30, 40]}
    pose = np.full((16, 3), 100.0)
    pose[0, 0] = 115.0
    found = pckh.in_heads(pose, annotation)
    assert found[0] == pytest.approx(15 / (0.6 * 50))
    assert found[1:15].tolist() == [0] * 14
    assert np.isnan(found[15])


def test_pckh_needs_head_boxes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"annotations": [{"id": 1}]}))
    with pytest.raises(JobError, match="nobody has a head box"):
        pckh.score({"annotations": str(tmp_path / "a.json")}, [], {}, {})
    someone = {"id": 1, "head_box": [0, 0, 1, 1]}
    (tmp_path / "b.json").write_text(json.dumps({"annotations": [someone, {"id": 7}]}))
    maps = {"heatmaps": np.zeros((1, 16, 64, 48))}
    with pytest.raises(JobError, match="annotation 7 has no head box"):
        pckh.score(
            {"annotations": str(tmp_path / "b.json")}, [placement_of((1, 1, 9, 9))], maps, {}
        )


def test_results_of_a_picture_are_those_that_differ() -> None:
    placement = placement_of((200, 100, 120, 250))
    pose = np.random.RandomState(5).uniform(1, 100, (17, 3))
    found = [
        poses.Found(pose, placement),
        poses.Found(pose + 0.01, placement),
        poses.Found(pose, {**placement, "item": 2}),
    ]
    made = list(keypoints.results_of(found))
    assert [one["image_id"] for one in made] == [1, 2]
    assert all(len(one["keypoints"]) == 51 for one in made)
