"""Paddle's networks by PaddleDetection and PaddleSeg: made twice alike, and alike in ONNX."""

import json
import pickle
import subprocess
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_network import segmenter

from retable.contract import Artifact
from retable.files import artifact
from retable.jobs.precision import PrecisionJob
from retable_export import graphs, samples
from retable_export.contract import InputShape

ROOT = Path(__file__).parents[2]
SMALL = (104, 136)  # a feature map of 13 x 17, which no pyramid divides
# In Paddle's environment: pictures through the exporter's own transforms.
PREPARE = """
import importlib, json, sys
import numpy as np
exporter = importlib.import_module("retable_export.exporters." + sys.argv[1])
with np.load(sys.argv[2]) as arrays:
    made = exporter.prepare(json.loads(sys.argv[3]), arrays["pictures"])
np.savez(sys.argv[4], **made)
"""
# Likewise: weights into a small network, and what is said of them.
LOAD = """
import sys
from pathlib import Path
from retable_export import paddle_weights
from retable_export.errors import JobError
import paddle
for path in sys.argv[1:]:
    try:
        paddle_weights.load_official(paddle.nn.Linear(3, 2), Path(path))
    except JobError as error:
        print(error)
"""


def model(name: str) -> dict:
    return yaml.safe_load((ROOT / "config" / "models" / f"{name}.yaml").read_text())


@pytest.fixture(scope="module")
def tinypose(chain_in, paddle_python, tmp_path_factory):
    """The chain of PP-TinyPose, and what its first step left."""
    found = model("tinypose-128x96")
    folder = tmp_path_factory.mktemp("tinypose")
    chain = chain_in(folder, found["exporter"], paddle_python, found["options"])
    return chain, chain.native()


def made(result) -> dict[str, Artifact]:
    assert result.outcome == "ok", result.reason
    return result.artifacts


@pytest.mark.real
def test_tinypose_is_in_onnx_what_it_is_in_paddle(tinypose):
    chain, first = tinypose
    native, sample = made(first), chain.sample(128, 96)
    assert 1_300_000 < first.facts["parameters"] < 1_400_000
    assert 0.1 < first.facts["output_std"] < 10
    results = {"sample": sample, "reference": chain.reference(native, sample, 128, 96)}
    results["none"] = chain.export(native, 128, 96)
    facts = results["none"].facts
    assert {one["name"]: (one["shape"], one["dtype"]) for one in facts["outputs"]} == {
        "heatmaps": ([1, 17, 32, 24], "float32"),
        "peaks": ([1, 17], "int64"),
    }
    assert facts["opset"] == 13
    fidelity = chain.fidelity("none", made(results["none"])["onnx"], results).facts["outputs"]
    assert fidelity["heatmaps"]["relative"] < 1e-4
    assert fidelity["peaks"]["agreement"] == 1
    interface = json.loads(Path(native["interface"].path).read_text())
    assert interface["inputs"]["image"]["shape"] == [None, 3, 128, 96]


@pytest.mark.real
def test_another_size_than_the_programs_is_unsupported(tinypose):
    chain, native = tinypose
    result = chain.export(made(native), 256, 192)
    assert result.outcome == "unsupported"
    assert result.reason == "this network is made for 128x96, not for 256x192"


@pytest.mark.real
def test_official_weights_by_name_give_the_same_bytes_as_the_same_from_a_seed(
    tinypose, chain_in, tmp_path
):
    chain, native = tinypose
    with np.load(made(native)["state"].path) as arrays:
        state = {name.removeprefix("network."): arrays[name] for name in arrays.files}
    official = saved(tmp_path / "official.pdparams", {**state, "besides": np.zeros(1)})
    again = chain_in(tmp_path, chain.exporter, chain.python, chain.options)
    loaded = again.native("official", {"official.pdparams": official})
    assert {role: one.sha256 for role, one in made(loaded).items()} == {
        role: one.sha256 for role, one in made(native).items()
    }
    assert loaded.facts["unused"] == ["besides"]
    assert str(ROOT).encode() not in Path(made(loaded)["model"].path).read_bytes()


@pytest.mark.real
def test_a_pyramid_that_does_not_divide_is_exact_in_onnx(chain_in, paddle_python, tmp_path):
    found = model("pspnet-resnet50")
    chain = chain_in(tmp_path, found["exporter"], paddle_python, found["options"])
    native, sample = made(chain.native()), chain.sample(*SMALL)
    results = {"sample": sample, "reference": chain.reference(native, sample, *SMALL)}
    results["none"] = chain.export(native, *SMALL)
    plain = made(results["none"])["onnx"]
    assert results["none"].facts["outputs"][0]["shape"] == [1, 19, *SMALL]
    assert chain.fidelity("none", plain, results).facts["outputs"]["logits"]["relative"] < 1e-3
    tail = made(chain.tail("argmax", plain))["onnx"]
    labels = chain.fidelity("argmax", tail, results).facts["outputs"]["labels"]
    assert labels["agreement"] > 0.99


@pytest.mark.real
def test_graphs_get_int8_in_paddles_environment(chain_in, paddle_python, tmp_path):
    source, images = tmp_path / "source.onnx", tmp_path / "calibration.npz"
    graphs.save(segmenter(), source)
    samples.save_arrays({"image": samples.smooth_images(InputShape(6, 64, 96), 5)}, images)
    job = PrecisionJob(
        precision="int8",
        source=artifact(source),
        onnx=str(tmp_path / "int8.onnx"),
        calibration=artifact(images),
    )
    result = chain_in(tmp_path, "null", paddle_python).run(job)
    assert result.outcome == "ok", result.reason
    assert result.facts["quantized"] > 0


def saved(path: Path, arrays: dict) -> Artifact:
    """Write arrays as paddle.save writes them, among its own names."""
    state = OrderedDict((name, (f"own_{name}", array)) for name, array in arrays.items())
    state["StructuredToParameterName@@"] = {name: f"own_{name}" for name in arrays}
    path.write_bytes(pickle.dumps(state, protocol=4))
    return artifact(path)


class Evil:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.real
def test_weights_of_another_network_are_one_sentence_and_run_nothing(paddle_python, tmp_path):
    weight, bias = np.zeros((3, 2), np.float32), np.zeros(2, np.float32)
    broken = {
        "it lacks bias": {"weight": weight},
        "weight is [2, 3], this network's is [3, 2]": {"weight": weight.T, "bias": bias},
        "it names builtins.print": {"weight": Evil(), "bias": bias},
        "bias is no array": {"weight": weight, "bias": 3},
    }
    for number, arrays in enumerate(broken.values()):
        saved(tmp_path / f"{number}.pdparams", arrays)
    (tmp_path / "text.pdparams").write_text("not a pickle")
    paths = sorted(tmp_path.glob("*.pdparams"))
    done = subprocess.run(
        [paddle_python, "-c", LOAD, *paths],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "workflow")},
    )
    said = done.stdout.splitlines()
    assert len(said) == len(paths)
    for line, words in zip(said, [*broken, "not weights as Paddle saves them"], strict=True):
        assert words in line


@pytest.mark.real
@pytest.mark.parametrize("name", ["tinypose-128x96", "pspnet-resnet50"])
def test_what_the_model_file_says_of_pictures_is_what_the_framework_does(
    paddle_python, tmp_path, name
):
    from retable_runner.preparation import prepared

    found = model(name)
    pictures = np.random.RandomState(0).randint(0, 256, (2, 12, 16, 3)).astype(np.uint8)
    np.savez(tmp_path / "pictures.npz", pictures=pictures)
    subprocess.run(
        [
            *(paddle_python, "-c", PREPARE, found["exporter"], tmp_path / "pictures.npz"),
            *(json.dumps(found["options"]), tmp_path / "made.npz"),
        ],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(ROOT / "workflow")},
    )
    preparation = {"order": "rgb", "layout": "nchw", "dtype": "float32", **found["preparation"]}
    with np.load(tmp_path / "made.npz") as wanted:
        np.testing.assert_allclose(
            prepared(pictures, preparation)["image"], wanted["image"], atol=1e-5
        )
