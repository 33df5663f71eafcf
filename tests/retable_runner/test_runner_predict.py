"""The verb `predict`, on the null backend and on one that tells what it was given."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retable_runner import arrays, contract, predict
from retable_runner.backends import null
from retable_runner.errors import JobError, Unsupported
from retable_runner.labels import labels_of
from retable_runner.preparation import prepared

PACKAGES = Path(__file__).parents[2] / "workflow"
IMAGENET = {
    "input": "image",
    "order": "rgb",
    "layout": "nchw",
    "dtype": "float32",
    "divide": 255.0,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


@pytest.fixture
def pictures():
    return np.random.RandomState(5).randint(0, 256, (5, 16, 24, 3)).astype(np.uint8)


@pytest.fixture
def job(tmp_path, pictures):
    """A job that runs the null backend on five pictures, two at a time."""
    np.save(tmp_path / "pictures.npy", pictures)
    (tmp_path / "engine.json").write_text("{}")
    return {
        "schema": "retable/predict-job/1",
        "backend": "null",
        "engine": {"engine": contract.artifact(str(tmp_path / "engine.json"))},
        "options": {"latency_ms": 0},
        "post": "none",
        "pictures": contract.artifact(str(tmp_path / "pictures.npy")),
        "preparation": IMAGENET,
        "sample": None,
        "input": {"height": 16, "width": 24, "batch": 1},
        "keep": "outputs",
        "folder": str(tmp_path / "predictions"),
    }


def test_a_tensor_is_the_picture_as_the_model_wants_it(pictures):
    found = prepared(pictures, IMAGENET)["image"]
    wanted = (pictures / 255 - IMAGENET["mean"]) / IMAGENET["std"]
    assert found.shape == (5, 3, 16, 24) and found.dtype == np.float32
    np.testing.assert_allclose(found, wanted.transpose(0, 3, 1, 2), atol=1e-6)


def test_channels_go_in_in_the_order_asked(pictures):
    found = prepared(pictures, {**IMAGENET, "order": "bgr", "mean": [0] * 3, "std": [1] * 3})
    np.testing.assert_allclose(found["image"][:, 0] * 255, pictures[..., 2], atol=1e-4)


def test_a_uint8_input_takes_pictures_as_they_are(pictures):
    found = prepared(pictures, {**IMAGENET, "dtype": "uint8", "layout": "nhwc"})["image"]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, pictures)


def test_every_picture_has_its_entry(job):
    result = contract.new_result()
    predict.run(job, result)
    assert result["facts"]["inputs"] == 5
    made = result["artifacts"]["output"]
    assert np.load(made["path"]).shape == (5, 19, 4, 4)
    assert made == contract.artifact(made["path"])


@pytest.fixture
def anchored(monkeypatch):
    """The null backend's engine, with a second output that has no axis of pictures."""

    class Anchored(null.Engine):
        outputs = ["output", "anchors"]

        def run(self):
            return [*super().run(), np.ones((7, 4), np.float32)]

    monkeypatch.setattr(null, "Engine", Anchored)


def test_an_output_without_an_axis_of_pictures_is_no_prediction(job, anchored):
    result = contract.new_result()
    predict.run(job, result)
    assert set(result["artifacts"]) == {"output"}


@pytest.mark.parametrize("keep", [["output"], ["output", "masks"]])
def test_of_the_outputs_those_are_kept_that_are_named(job, monkeypatch, keep):
    monkeypatch.setattr(null.Engine, "outputs", ["output", "more"])
    zeros = np.zeros(null.OUTPUT_SHAPE, np.float32)
    monkeypatch.setattr(null.Engine, "run", lambda engine: [zeros, zeros])
    result = contract.new_result()
    predict.run({**job, "keep": keep}, result)
    assert set(result["artifacts"]) == {"output"}


def test_predictions_of_nothing_that_is_read_are_refused(job):
    with pytest.raises(Unsupported, match="none of the outputs that are read"):
        predict.run({**job, "keep": ["masks"]}, contract.new_result())


def test_an_output_that_is_one_of_pictures_by_chance_is_refused(job, monkeypatch):
    counts = iter((1, 3, 1, 1, 1))

    def varied(engine):
        return [np.ones((next(counts), 4), np.float32)]

    monkeypatch.setattr(null.Engine, "run", varied)
    with pytest.raises(Unsupported, match="in some batches only"):
        predict.run(job, contract.new_result())


def test_of_a_sample_all_outputs_are_kept_whole(job, tmp_path, anchored):
    np.savez(tmp_path / "sample.npz", image=np.zeros((1, 3, 16, 24), np.float32))
    sample = contract.artifact(str(tmp_path / "sample.npz"))
    result = contract.new_result()
    predict.run({**job, "pictures": None, "sample": sample}, result)
    assert np.load(result["artifacts"]["anchors"]["path"]).shape == (7, 4)


def test_labels_are_kept_in_a_byte(job):
    result = contract.new_result()
    predict.run({**job, "keep": "labels"}, result)
    found = np.load(result["artifacts"]["labels"]["path"])
    assert found.shape == (5, 4, 4) and found.dtype == np.uint8


def test_pictures_of_another_size_are_refused(job):
    with pytest.raises(JobError, match=r"wanted uint8 \[N, 16, 32, 3\]"):
        predict.run(
            {**job, "input": {"height": 16, "width": 32, "batch": 1}}, contract.new_result()
        )


def test_the_last_batch_is_filled_up_and_not_counted(pictures):
    given = predict._Pictures(pictures, {**IMAGENET, "dtype": "uint8", "layout": "nhwc"}, 2)
    batches = [(feeds["image"], count) for feeds, count in given.batches()]
    assert [count for _, count in batches] == [2, 2, 1]
    np.testing.assert_array_equal(
        np.concatenate([feeds[:count] for feeds, count in batches]), pictures
    )
    np.testing.assert_array_equal(batches[-1][0][1], pictures[-1])


def test_labels_are_found_in_whatever_the_graph_ends_in():
    scores = np.random.RandomState(0).standard_normal((2, 7, 3, 4)).astype(np.float32)
    wanted = scores.argmax(axis=1)
    np.testing.assert_array_equal(labels_of([("logits", scores)]), wanted)
    np.testing.assert_array_equal(labels_of([("labels", wanted[:, None])]), wanted)
    probability = ("probability", scores.max(axis=1, keepdims=True))
    np.testing.assert_array_equal(labels_of([probability, ("labels", wanted)]), wanted)
    with pytest.raises(Unsupported, match=r"probability \[2, 1, 3, 4\]"):
        labels_of([probability])


def test_what_does_not_fit_in_a_byte_is_no_label():
    with pytest.raises(Unsupported, match="from 0 to 300"):
        labels_of([("labels", np.array([[[0, 300]]]))])


@pytest.mark.parametrize("count", [0, 1, 9, 100])
def test_an_array_grows_to_any_length(tmp_path, count):
    with arrays.Folder(str(tmp_path)) as folder:
        folder.append("out/put", np.zeros((0, 3), np.float16))
        for index in range(count):
            folder.append("out/put", np.full((1, 3), index, np.float16))
    found = np.load(folder.paths["out/put"])
    assert found.dtype == np.float16 and found.shape == (count, 3)
    np.testing.assert_array_equal(found[:, 0], np.arange(count))


def test_what_fails_leaves_no_array(tmp_path):
    with pytest.raises(RuntimeError), arrays.Folder(str(tmp_path)) as folder:
        folder.append("output", np.zeros((1, 3)))
        raise RuntimeError("in the middle")
    assert list(tmp_path.iterdir()) == []


# In a process of its own: what predicting so many pictures takes beyond the pictures themselves.
MEASURE = """
import json, sys, threading
from retable_runner import contract, predict

def private_kib():
    with open("/proc/self/status") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("RssAnon"))

job, done, most = json.load(open(sys.argv[1])), threading.Event(), [0]

def watch():
    while not done.wait(0.01):
        most.append(max(most.pop(), private_kib()))

watching = threading.Thread(target=watch)
watching.start()
result = contract.new_result()
predict.run(job, result)
done.set()
watching.join()
assert result["facts"]["inputs"] == int(sys.argv[2])
print(most[0])
"""


def peak_kib(tmp_path, job, count):
    """The most memory of its own that predicting `count` pictures of 256 x 512 took."""
    folder = tmp_path / str(count)
    folder.mkdir()
    noise = np.random.RandomState(0).randint(0, 256, (count, 256, 512, 3)).astype(np.uint8)
    np.save(folder / "pictures.npy", noise)
    asked = {
        **job,
        "pictures": contract.artifact(str(folder / "pictures.npy")),
        "input": {"height": 256, "width": 512, "batch": 1},
        "folder": str(folder / "predictions"),
    }
    (folder / "job.json").write_text(json.dumps(asked))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder / "job.json"), str(count)],
        env={**os.environ, "PYTHONPATH": str(PACKAGES)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory")
def test_ten_times_the_pictures_take_no_more_memory(tmp_path, job):
    few, many = peak_kib(tmp_path, job, 20), peak_kib(tmp_path, job, 200)
    pictures_kib = (200 - 20) * 256 * 512 * 3 / 1024
    assert abs(many - few) < 0.05 * pictures_kib, (few, many)
