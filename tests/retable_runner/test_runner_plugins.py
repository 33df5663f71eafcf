"""Plug-ins are files in a folder, and nothing of theirs is imported before it is used."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retable_runner import backends, posts

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"

BARE = """
import importlib, pkgutil, sys

class OnlyStandard:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names | {"numpy", "retable_runner", "retable_statistics"}:
            raise ImportError(name + " is not for the runner")

sys.meta_path.insert(0, OnlyStandard())
import retable_runner, retable_statistics
for package in (retable_runner, retable_statistics):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
            print(found.name)
import retable_runner.__main__
"""


def test_every_module_imports_without_any_backend_library():
    done = subprocess.run(
        [sys.executable, "-c", BARE],
        env={"PYTHONPATH": str(WORKFLOW)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert {"retable_runner.backends.openvino", "retable_statistics.stopping"} <= set(
        done.stdout.split()
    )


@pytest.mark.parametrize("package", ["retable_runner", "retable_statistics"])
def test_what_the_device_runs_is_python_3_6(package):
    done = subprocess.run(
        [
            *(sys.executable, "-c", "import vermin; vermin.main()"),
            *("-t=3.6-", "--no-tips", "--eval-annotations", str(WORKFLOW / package)),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_come_from_the_folder():
    assert {"null", "onnxruntime", "openvino"} <= set(backends.names())
    assert {"numpy_argmax", "torch_max"} <= set(posts.names())


@pytest.mark.parametrize("name", posts.names())
def test_a_post_says_where_it_runs(name):
    post = posts.load(name)
    assert posts.in_torch(post) is name.startswith("torch_")
    assert post.WHERE in (posts.HOST, posts.ENGINE)


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(ImportError, match="no 'tensorrt-rxt' in .*: there are .*onnxruntime"):
        backends.load("tensorrt-rxt")


def test_numpy_argmax_is_the_class_of_each_pixel():
    scores = np.random.default_rng(0).random((1, 19, 4, 6), dtype=np.float32)
    classes = posts.load("numpy_argmax").run([scores])
    assert classes.shape == (1, 4, 6)
    chosen = np.take_along_axis(scores, classes[:, None], axis=1)
    assert np.array_equal(chosen[:, 0], scores.max(axis=1))


def test_no_post_is_nothing():
    assert posts.load("none") is None
    assert not posts.in_torch(None)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ({}, "no input 'x'"),
        ({"x": np.zeros((1, 3, 8, 8))}, "takes float32 .* has float64"),
        ({"x": np.zeros((1, 3, 8, 9), np.float32)}, r"takes .* has float32 \[1, 3, 8, 9\]"),
        ({"x": np.zeros((1, 3, 8), np.float32)}, r"has float32 \[1, 3, 8\]"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(array, message):
    with pytest.raises(ValueError, match=message):
        backends.matching(array, "x", np.float32, [1, 3, None, 8])


def test_a_size_that_the_graph_leaves_open_takes_any():
    array = np.zeros((1, 3, 512, 8), np.float32)
    assert backends.matching({"x": array}, "x", np.float32, [1, 3, None, 8]) is array
