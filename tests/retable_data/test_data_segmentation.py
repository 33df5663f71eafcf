"""Segmentation's numbers: against scikit-learn, by hand, at other sizes, and in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from retable_data import confusion
from retable_data.arrays import Stored
from retable_data.metrics import segmentation
from retable_job.errors import JobError

ROOT = Path(__file__).parents[2]
CLASSES = [f"class {place}" for place in range(19)]


def written(folder: Path, maps: list[np.ndarray], **changed) -> tuple[dict, list[dict]]:
    """An index of label maps, and the placements of their pictures."""
    items = []
    for place, labels in enumerate(maps):
        path = folder / f"{place}.png"
        Image.fromarray(labels).save(path)
        items.append({"id": str(place), "picture": str(path), "labels": str(path)})
    placements = [
        {"item": item["id"], "picture": list(maps[place].shape), "input": [8, 8]}
        for place, item in enumerate(items)
    ]
    index = {"set": "drawn", "classes": CLASSES, "ignore": 255, "items": items, **changed}
    return index, placements


def scored(folder: Path, maps: list, found: np.ndarray, **changed) -> dict:
    index, placements = written(folder, maps, **changed)
    return segmentation.score(index, placements, {"labels": found}, {})


def random_labels(seed: int, shape: tuple, classes: int = 19) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, classes, shape).astype(np.uint8)


def test_the_matrix_equals_scikit_learns() -> None:
    truth, found = random_labels(0, (3, 200, 310)), random_labels(1, (3, 200, 310), 256)
    wanted = confusion_matrix(truth.ravel(), found.ravel(), labels=range(256))
    assert np.array_equal(confusion.matrix(truth, found), wanted)


def test_all_numbers_follow_from_scikit_learns_matrix(tmp_path: Path) -> None:
    truth, found = random_labels(2, (4, 60, 80)), random_labels(3, (4, 60, 80))
    truth[:, :7] = 255  # ignored
    truth[truth == 5] = 6  # 5 is predicted only
    truth[truth == 8] = found[found == 8] = 9  # 8 is nowhere
    result = scored(tmp_path, list(truth), found)
    kept = truth != 255
    wanted = confusion_matrix(truth[kept], found[kept], labels=range(19))
    hits, union = np.diag(wanted), wanted.sum(0) + wanted.sum(1) - np.diag(wanted)
    ious = [hit / total if total else None for hit, total in zip(hits, union, strict=True)]
    assert result["per_class"] == dict(zip(CLASSES, ious, strict=True))
    assert result["per_class"]["class 8"] is None
    assert result["per_class"]["class 5"] == 0
    assert result["metrics"] == {
        "miou": pytest.approx(sum(iou or 0 for iou in ious) / 19, abs=1e-15),
        "miou_nan": pytest.approx(np.mean([iou for iou in ious if iou is not None]), abs=1e-15),
        "pixel_accuracy": hits.sum() / wanted.sum(),
    }


def test_the_two_means_differ_by_the_classes_that_are_nowhere(tmp_path: Path) -> None:
    labels = np.zeros((8, 8), np.uint8)
    labels[:4] = 1
    result = scored(tmp_path, [labels], labels[None])
    assert result["metrics"] == {
        "miou": pytest.approx(2 / 19),
        "miou_nan": 1.0,
        "pixel_accuracy": 1.0,
    }


def test_a_label_that_is_no_class_counts_against_what_it_should_have_been(tmp_path: Path) -> None:
    labels = np.zeros((8, 8), np.uint8)
    found = labels.copy()
    found[:2] = 200
    result = scored(tmp_path, [labels], found[None])
    assert result["per_class"]["class 0"] == 0.75
    assert result["metrics"]["pixel_accuracy"] == 0.75


def test_predictions_of_another_size_are_resized_to_the_labels(tmp_path: Path) -> None:
    small = random_labels(4, (30, 40))
    labels = np.kron(small, np.ones((2, 3), np.uint8))
    assert scored(tmp_path, [labels], small[None])["metrics"]["pixel_accuracy"] == 1.0


def test_a_label_map_says_which_class_a_value_is(tmp_path: Path) -> None:
    table = [255] * 256
    table[7], table[11] = 0, 2
    labels = np.full((4, 4), 7, np.uint8)
    labels[1], labels[2] = 11, 3
    found = np.zeros((1, 4, 4), np.uint8)
    found[0, 1:3] = 2
    result = scored(tmp_path, [labels], found, label_map=table)
    assert result["metrics"]["pixel_accuracy"] == 1.0
    assert result["per_class"]["class 2"] == 1.0


@pytest.mark.parametrize(
    ("name", "found", "words"),
    [
        ("logits", np.zeros((1, 4, 4), np.uint8), "needs the output 'labels'"),
        ("labels", np.zeros((1, 4, 4), np.float32), "labels are uint8"),
        ("labels", np.zeros((1, 1, 4, 4), np.uint8), "labels are uint8"),
    ],
)
def test_what_is_no_map_of_labels_is_refused(tmp_path: Path, name, found, words) -> None:
    index, placements = written(tmp_path, [np.zeros((4, 4), np.uint8)])
    with pytest.raises(JobError, match=words):
        segmentation.score(index, placements, {name: found}, {})


def test_labels_that_are_no_class_are_refused(tmp_path: Path) -> None:
    labels = np.zeros((4, 4), np.uint8)
    labels[0] = 33
    with pytest.raises(JobError, match="4 pixels are labelled 33, which is none of its 19 classes"):
        scored(tmp_path, [labels], labels[None])
    with pytest.raises(JobError, match="no pixel has a label that counts"):
        scored(tmp_path, [np.full((4, 4), 255, np.uint8)], labels[None])


_MEASURE = """
import json, sys
from pathlib import Path
from benchmarks.memory import peak_mib
from retable_data.arrays import Stored
from retable_data.metrics import segmentation
index, placements, predictions = json.loads(Path(sys.argv[1]).read_text())
def peak(count):
    segmentation.score(index, placements[:count], {"labels": Stored(Path(predictions))}, {})
    return peak_mib()
print(peak(4), peak(len(placements)))
"""


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    maps = [random_labels(seed, (256, 512)) for seed in range(8)]
    index, placements = written(tmp_path, maps)
    count = 600
    np.save(tmp_path / "found.npy", np.tile(np.stack(maps), (count // 8, 1, 1)))
    placements = placements * (count // 8)
    job = tmp_path / "job.json"
    job.write_text(json.dumps([index, placements, str(tmp_path / "found.npy")]))
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(job)],
        env={"PYTHONPATH": f"{ROOT / 'workflow'}:{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    few, all_of_them = map(float, done.stdout.split())
    # 78 MB of predictions went by.
    assert all_of_them - few < 4


def test_a_stored_array_gives_its_entries_one_by_one(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.int16).reshape(4, 2, 3)
    np.save(tmp_path / "array.npy", array)
    stored = Stored(tmp_path / "array.npy")
    assert (len(stored), stored.shape, stored.dtype) == (4, (4, 2, 3), np.int16)
    assert all(np.array_equal(stored[place], array[place]) for place in range(4))
    with pytest.raises(IndexError):
        stored[4]
    for wrong in (np.asfortranarray(array), np.float32(3)):
        np.save(tmp_path / "wrong.npy", wrong)
        with pytest.raises(JobError, match="not an array of entries"):
            Stored(tmp_path / "wrong.npy")
    (tmp_path / "text.npy").write_text("no array")
    with pytest.raises(JobError, match="not an array file"):
        Stored(tmp_path / "text.npy")
