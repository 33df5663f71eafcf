"""Detection's numbers: COCO's own reference, the truth as prediction, and what networks give."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retable.dag.cases import KEPT
from retable_data import masks
from retable_data.metrics import detection
from retable_job.errors import JobError

REFERENCES = {
    "bbox": (
        "instances_val2014_100.json",
        "instances_val2014_fakebbox100_results.json",
        "0.504581 0.696973 0.572982 0.585626 0.519400 0.501398 "
        "0.386813 0.593680 0.595353 0.639811 0.566421 0.564291",
    ),
    "segm": (
        "instances_val2014_100.json",
        "instances_val2014_fakesegm100_results.json",
        "0.319545 0.562288 0.298927 0.387374 0.310183 0.326934 "
        "0.268230 0.415449 0.416839 0.469450 0.376759 0.381472",
    ),
    "keypoints": (
        "keypoints/gt_dataset.json",
        "keypoints/dt_dataset.json",
        "0.504884 0.722772 0.633663 0.466337 0.750495 0.518182 0.727273 0.636364 0.466667 0.75",
    ),
}
NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]
OPTIONS = {"seed": 20211, "height": 240, "width": 320}
FOUND = 30  # the most detections of a picture

_EVALUATE = """
import json, sys
from pathlib import Path
from retable_data import coco_evaluation
annotations, found, kind, evaluator, path = sys.argv[1:]
images = [image["id"] for image in json.loads(Path(annotations).read_text())["images"]]
with coco_evaluation.Results(Path(path)) as results:
    for one in json.loads(Path(found).read_text()):
        results.add(one)
numbers = coco_evaluation.evaluate(Path(annotations), results, kind, images, evaluator)
print(json.dumps(numbers["metrics"]))
"""


@pytest.mark.real
@pytest.mark.parametrize("evaluator", ["faster-coco-eval", "pycocotools"])
@pytest.mark.parametrize("kind", REFERENCES)
def test_cocos_own_reference_gives_its_numbers(real_data, reference, kind, evaluator) -> None:
    annotations, results, wanted = REFERENCES[kind]
    folder = reference / "coco-eval"
    printed = real_data.python_prints(
        _EVALUATE,
        folder / annotations,
        folder / results,
        kind,
        evaluator,
        real_data.folder / "results.json",
    )
    found = json.loads(printed)
    assert [f"{value:.6f}" for value in found.values()] == [
        f"{float(one):.6f}" for one in wanted.split()
    ]
    assert all(name.startswith(f"{kind}/A") for name in found)


class Scenes:
    """A drawn set, its inputs, and outputs as a detector would give them of the truth."""

    def __init__(self, data, images: int = 6) -> None:
        made = data.dataset("scenes", images=images, **OPTIONS)
        assert made["outcome"] == "ok", made["reason"]
        self.index = made["artifacts"]["index"]
        folder = Path(self.index["path"]).parent
        self.content = json.loads((folder / "annotations.json").read_text())
        inputs = data.inputs(self.index, "squash", 64, 96)
        assert inputs["outcome"] == "ok", inputs["reason"]
        self.placements = inputs["artifacts"]["placements"]
        self.images = [image["id"] for image in self.content["images"]]

    def of(self, image: int) -> list[dict]:
        return [one for one in self.content["annotations"] if one["image_id"] == image]

    def outputs(self) -> dict[str, np.ndarray]:
        count = len(self.images)
        made = {
            "num_detections": np.zeros(count, np.float32),
            "detection_scores": np.zeros((count, FOUND), np.float32),
            "detection_classes": np.ones((count, FOUND), np.float32),
            "detection_boxes": np.zeros((count, FOUND, 4), np.float32),
        }
        for place, image in enumerate(self.images):
            for number, one in enumerate(self.of(image)):
                x, y, width, height = one["bbox"]
                made["num_detections"][place] += 1
                made["detection_scores"][place, number] = 0.9 - number * 0.01
                made["detection_classes"][place, number] = one["category_id"]
                made["detection_boxes"][place, number] = (
                    y / 240, x / 320, (y + height) / 240, (x + width) / 320,
                )  # fmt: skip
        return made


@pytest.mark.real
@pytest.mark.parametrize("evaluator", ["faster-coco-eval", "pycocotools"])
def test_the_truth_as_prediction_is_perfect(real_data, evaluator) -> None:
    scenes = Scenes(real_data)
    result = real_data.score(
        "detection", scenes.index, scenes.placements, scenes.outputs(), evaluator=evaluator
    )
    assert result["outcome"] == "ok", result["reason"]
    metrics = result["facts"]["metrics"]
    assert list(metrics) == [f"bbox/{name}" for name in NAMES]
    perfect = {name: value for name, value in metrics.items() if name not in ("bbox/AR1",)}
    assert all(value in (None, pytest.approx(1.0)) for value in perfect.values())
    assert metrics["bbox/AP"] == pytest.approx(1.0)
    assert metrics["bbox/AR1"] < 1.0  # a picture has more than one thing of a kind
    assert result["facts"]["per_class"]["person"] == pytest.approx(1.0)
    assert result["facts"]["images"] == 6


@pytest.mark.real
def test_boxes_cut_down_to_whole_pixels_are_worth_less(real_data) -> None:
    scenes = Scenes(real_data)
    outputs = scenes.outputs()
    outputs["detection_boxes"] -= np.float32(1e-4)  # a fortieth of a pixel
    kept, cut = (
        real_data.score(
            "detection", scenes.index, scenes.placements, outputs, truncate_boxes=truncate
        )["facts"]["metrics"]["bbox/AP"]
        for truncate in (False, True)
    )
    assert kept == pytest.approx(1.0)
    assert cut < 0.99


@pytest.mark.real
def test_both_ways_are_scored_beside_each_other(real_data) -> None:
    scenes = Scenes(real_data)
    outputs = scenes.outputs()
    outputs["detection_boxes"] -= np.float32(1e-4)

    def scored(**options: bool) -> dict:
        result = real_data.score("detection", scenes.index, scenes.placements, outputs, **options)
        return dict(result["facts"]["metrics"])

    both, cut = scored(truncated_beside=True), scored(truncate_boxes=True)
    boxes = [name.partition("/")[2] for name in cut if name.startswith("bbox/")]
    assert len(boxes) == 12
    assert [both[f"truncated/{name}"] for name in boxes] == [cut[f"bbox/{name}"] for name in boxes]
    assert both["truncated/AP"] < both["bbox/AP"]
    assert "truncated/AP" not in cut


@pytest.mark.parametrize(
    ("truncate", "wanted"), [(False, [25.6, 10.8, 51.2, 48.6]), (True, [25, 10, 51, 48])]
)
def test_a_box_is_given_in_pixels_of_the_picture(truncate: bool, wanted: list) -> None:
    outputs = {
        "num_detections": np.array(1.0),
        "detection_scores": np.array([0.5]),
        "detection_classes": np.array([44.0]),
        "detection_boxes": np.array([[0.1, 0.2, 0.55, 0.6]]),
    }
    placement = {"item": 7, "picture": [108, 128], "input": [64, 64]}
    options = {"truncate_boxes": truncate}
    ((kind, result),) = detection._results(placement, outputs, ["bbox"], options)
    assert kind == "bbox"
    assert result.pop("bbox") == pytest.approx(wanted, abs=1e-9)
    assert result == {"image_id": 7, "category_id": 44, "score": 0.5}


@pytest.mark.real
def test_what_lies_behind_num_detections_does_not_count(real_data) -> None:
    scenes = Scenes(real_data)
    outputs = scenes.outputs()
    wanted = real_data.score("detection", scenes.index, scenes.placements, outputs)
    for place, count in enumerate(outputs["num_detections"].astype(int)):
        outputs["detection_scores"][place, count:] = 0.99
        outputs["detection_boxes"][place, count:] = (0, 0, 1, 1)
    again = real_data.score("detection", scenes.index, scenes.placements, outputs)
    assert again["facts"] == wanted["facts"]


@pytest.mark.real
@pytest.mark.parametrize("evaluator", ["faster-coco-eval", "pycocotools"])
def test_finding_nothing_is_worth_nothing(real_data, evaluator) -> None:
    scenes = Scenes(real_data, images=2)
    outputs = {name: np.zeros_like(array) for name, array in scenes.outputs().items()}
    result = real_data.score(
        "detection", scenes.index, scenes.placements, outputs, evaluator=evaluator
    )
    assert result["outcome"] == "ok", result["reason"]
    assert result["facts"]["metrics"]["bbox/AP"] == 0.0


@pytest.mark.real
def test_masks_and_keypoints_are_scored_where_they_are_given(real_data) -> None:
    scenes = Scenes(real_data)
    outputs = scenes.outputs()
    count = len(scenes.images)
    outputs["detection_masks"] = np.zeros((count, FOUND, 33, 33), np.float32)
    outputs["detection_keypoints"] = np.zeros((count, FOUND, 17, 2), np.float32)
    outputs["detection_keypoint_scores"] = np.ones((count, FOUND, 17), np.float32)
    for place, image in enumerate(scenes.images):
        for number, one in enumerate(scenes.of(image)):
            outputs["detection_masks"][place, number] = shrunk(one)
            if "keypoints" in one:
                joints = np.array(one["keypoints"]).reshape(-1, 3)[:, 1::-1] / (240, 320)
                outputs["detection_keypoints"][place, number] = joints
    result = real_data.score("detection", scenes.index, scenes.placements, outputs)
    assert result["outcome"] == "ok", result["reason"]
    metrics = result["facts"]["metrics"]
    kinds = {name.partition("/")[0] for name in metrics}
    assert kinds == {"bbox", "segm", "keypoints"}
    assert metrics["keypoints/AP"] == pytest.approx(1.0)
    # A mask of 33 x 33 is not exact; a box for a mask would be far worse (below).
    assert metrics["segm/AP50"] > 0.95
    outputs["detection_masks"][:] = 1
    worse = real_data.score("detection", scenes.index, scenes.placements, outputs)
    assert worse["facts"]["metrics"]["segm/AP"] < metrics["segm/AP"] - 0.1


def shrunk(annotation: dict) -> np.ndarray:
    """The mask within its box, 33 x 33, as a network would give it."""
    runs = annotation["segmentation"]["counts"]
    height, width = annotation["segmentation"]["size"]
    flat = np.repeat(np.arange(len(runs)) % 2, runs).astype(np.float32)
    mask = flat.reshape((height, width), order="F")
    x, y, across, down = annotation["bbox"]
    inside = Image.fromarray(mask[y : y + down, x : x + across])
    return np.array(inside.resize((33, 33), Image.Resampling.BILINEAR))


def pasted_by_definition(mask: np.ndarray, box, height: int, width: int) -> np.ndarray:
    """TensorFlow's crop_and_resize of the picture's frame out of the mask's, one pixel at a time.

    In the mask's frame the picture's corners lie at (0 - y1) / (y2 - y1) and (1 - y1) / (y2 - y1).
    """
    rows, columns = mask.shape
    y1, x1, y2, x2 = (float(value) for value in box)
    top, bottom = -y1 / (y2 - y1), (1 - y1) / (y2 - y1)
    left, right = -x1 / (x2 - x1), (1 - x1) / (x2 - x1)
    made = np.zeros((height, width), np.uint8)
    for i in range(height):
        y = top * (rows - 1) + i * (bottom - top) * (rows - 1) / (height - 1)
        for j in range(width):
            x = left * (columns - 1) + j * (right - left) * (columns - 1) / (width - 1)
            if not (0 <= y <= rows - 1 and 0 <= x <= columns - 1):
                continue
            a, b, c, d = int(np.floor(y)), int(np.ceil(y)), int(np.floor(x)), int(np.ceil(x))
            upper = mask[a, c] + (mask[a, d] - mask[a, c]) * (x - c)
            lower = mask[b, c] + (mask[b, d] - mask[b, c]) * (x - c)
            made[i, j] = upper + (lower - upper) * (y - a) > 0.5
    return made


@pytest.mark.parametrize(
    "box", [(0.1, 0.2, 0.7, 0.9), (-0.2, 0.4, 0.5, 1.3), (0, 0, 1, 1), (0.31, 0.3, 0.35, 0.42)]
)
def test_a_mask_is_pasted_as_tensorflow_does(box) -> None:
    mask = np.random.RandomState(7).random_sample((9, 7))
    found = masks.pasted(mask, np.array(box), 40, 52)
    assert np.array_equal(found, pasted_by_definition(mask, box, 40, 52))


def test_what_a_run_keeps_of_a_detector_is_what_is_read():
    given = ("detection_masks", "detection_keypoints", "detection_keypoint_scores")
    assert {*detection._NEEDED, *given} == {*KEPT["detection"]}


def test_a_box_without_an_area_has_an_empty_mask() -> None:
    for box in ((0.5, 0.5, 0.5, 0.9), (0.6, 0.2, 0.4, 0.9)):
        assert not masks.pasted(np.ones((9, 7)), np.array(box), 40, 52).any()


def test_outputs_that_lack_are_named() -> None:
    with pytest.raises(JobError, match="needs the outputs num_detections, detection_scores"):
        detection.score({}, [], {"detection_boxes": np.zeros((1, 3, 4))}, {})


@pytest.mark.real
def test_an_unknown_evaluator_is_refused(real_data) -> None:
    scenes = Scenes(real_data, images=1)
    result = real_data.score(
        "detection", scenes.index, scenes.placements, scenes.outputs(), evaluator="fast"
    )
    assert result["outcome"] == "build_failed"
    assert "no evaluator 'fast': it is one of faster-coco-eval, pycocotools" in result["reason"]
    assert "Traceback" not in real_data.log
