"""The three verbs, as the host runs them: a set's pictures, a network's inputs, a score."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

OPTIONS = {"seed": 20211, "height": 96, "width": 128}


def ok(result: dict) -> dict:
    assert result["outcome"] == "ok", result["reason"]
    return result


def refused(data, result: dict, outcome: str, *words: str) -> None:
    """It ended in one sentence, without a traceback, and left nothing."""
    assert result["outcome"] == outcome
    assert "\n" not in result["reason"]
    for word in words:
        assert word in result["reason"]
    assert result["artifacts"] == {}
    assert "Traceback" not in data.log


@pytest.fixture
def segments(tmp_path: Path, artifact_of) -> dict:
    """An index of two pictures with labels, as a set of segmentation would leave it."""
    folder = tmp_path / "segments"
    folder.mkdir()
    random = np.random.RandomState(0)
    for name in ("a", "b"):
        pixels = random.randint(0, 256, (40, 60, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
        labels = random.randint(0, 3, (40, 60)).astype(np.uint8)
        Image.fromarray(labels).save(folder / f"{name}.labels.png")
    items = [
        {"id": name, "picture": f"{name}.png", "labels": f"{name}.labels.png"} for name in "ab"
    ]
    index = {
        "set": "drawn", "task": "segmentation", "split": "val", "classes": ["x", "y", "z"],
        "ignore": 255, "items": items,
    }  # fmt: skip
    (folder / "index.json").write_text(json.dumps(index))
    return artifact_of(folder / "index.json")


def labels_of(index: dict) -> np.ndarray:
    folder = Path(index["path"]).parent
    return np.stack([np.array(Image.open(folder / f"{name}.labels.png")) for name in "ab"])


def test_a_set_is_made_and_named_by_its_index(data, artifact_of) -> None:
    result = ok(data.dataset("scenes", images=3, **OPTIONS))
    assert result["facts"] == {"images": 3, "classes": 9}
    path = Path(result["artifacts"]["index"]["path"])
    index = json.loads(path.read_text())
    assert (index["set"], index["split"], index["task"]) == ("scenes", "val", "detection")
    assert all((path.parent / item["picture"]).is_file() for item in index["items"])
    assert result["versions"].keys() == {"python", "numpy", "PIL"}
    again = ok(data.dataset("scenes", images=3, **OPTIONS))
    assert again["artifacts"] == result["artifacts"]


def test_inputs_are_one_array_and_a_placement_each(data, segments) -> None:
    result = ok(data.inputs(segments, "squash", 20, 24))
    pictures = np.load(result["artifacts"]["pictures"]["path"])
    assert (pictures.shape, pictures.dtype) == ((2, 20, 24, 3), np.uint8)
    path = Path(result["artifacts"]["placements"]["path"])
    assert path.name == "squash-20x24.placements.json"
    assert json.loads(path.read_text()) == [
        {"item": name, "picture": [40, 60], "input": [20, 24]} for name in "ab"
    ]
    assert result["facts"] == {"images": 2, "inputs": 2}
    same = np.load(ok(data.inputs(segments, "plain", 40, 60))["artifacts"]["pictures"]["path"])
    folder = Path(segments["path"]).parent
    assert np.array_equal(same[1], np.array(Image.open(folder / "b.png")))


def test_a_score_is_of_the_pictures_that_were_placed(data, segments) -> None:
    placements = ok(data.inputs(segments, "squash", 20, 24))["artifacts"]["placements"]
    found = labels_of(segments)
    result = ok(data.score("segmentation", segments, placements, {"labels": found}))
    assert result["facts"] == {
        "metrics": {"miou": 1.0, "miou_nan": 1.0, "pixel_accuracy": 1.0},
        "per_class": {"x": 1.0, "y": 1.0, "z": 1.0},
        "images": 2,
    }
    swapped = ok(data.score("segmentation", segments, placements, {"labels": found[::-1]}))
    assert swapped["facts"]["metrics"]["pixel_accuracy"] < 0.5


def test_as_many_predictions_as_inputs(data, segments) -> None:
    placements = ok(data.inputs(segments, "squash", 20, 24))["artifacts"]["placements"]
    found = {"labels": labels_of(segments)[:1]}
    result = data.score("segmentation", segments, placements, found)
    refused(data, result, "build_failed", "'labels' has 1 predictions for 2 inputs")


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("dataset", {"set": "nothing"}, "there is no set 'nothing': retable_data/sets/ has"),
        ("inputs", {"geometry": "round"}, "there is no geometry 'round': retable_data/geometries/"),
        ("score", {"metric": "joy"}, "there is no metric 'joy': retable_data/metrics/ has"),
    ],
)
def test_a_plug_in_that_is_not_there_is_unavailable(data, verb, body, words) -> None:
    refused(data, data.run(verb, **body), "unavailable", words)


def test_a_picture_that_is_gone_or_broken_is_named(data, segments) -> None:
    path = Path(segments["path"]).parent / "b.png"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(data, data.inputs(segments, "squash", 20, 24), "build_failed", "b.png", "broken")
    path.write_bytes(b"no picture at all")
    refused(data, data.inputs(segments, "squash", 20, 24), "build_failed", "b.png", "not a picture")
    path.unlink()
    refused(data, data.inputs(segments, "squash", 20, 24), "build_failed", "b.png", "no such")
    assert not list((data.folder / "inputs").glob("*"))


def test_an_index_that_is_none_is_named(data, tmp_path, artifact_of) -> None:
    path = tmp_path / "index.json"
    for text in ("{", "{}", "[]", '{"items": [1]}'):
        path.write_text(text)
        result = data.inputs(artifact_of(path), "squash", 20, 24)
        refused(data, result, "build_failed", "index.json: not the index of a data set")


def test_where_nobody_is_there_are_no_inputs(data) -> None:
    index = ok(data.dataset("scenes", images=1, **OPTIONS))["artifacts"]["index"]
    path = Path(index["path"]).parent / "annotations.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "annotations": []}))
    result = data.inputs(index, "person", 64, 48)
    refused(data, result, "build_failed", "geometry person finds nothing")


def test_a_split_that_is_not_there_is_unsupported(data) -> None:
    result = data.dataset("scenes", split="test", **OPTIONS)
    refused(data, result, "unsupported", "not 'test'")
