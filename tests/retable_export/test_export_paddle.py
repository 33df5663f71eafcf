"""Paddle's networks by PaddleDetection and PaddleSeg: made twice alike, and alike in ONNX."""

import json
import pickle
import subprocess
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import yaml

from retable.contract import Artifact
from retable.files import artifact

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


def model(name: str) -> dict:
    return yaml.safe_load((ROOT / "config" / "models" / f"{name}.yaml").read_text())


@pytest.fixture
def chain_of(chain_in, paddle_python, tmp_path):
    """Give a function that makes the chain of a model."""

    def chain(name: str, folder: str = "chain"):
        found = model(name)
        (tmp_path / folder).mkdir(exist_ok=True)
        return chain_in(tmp_path / folder, found["exporter"], paddle_python, found["options"])

    return chain


def made(result) -> dict[str, Artifact]:
    assert result.outcome == "ok", result.reason
    return result.artifacts


@pytest.mark.real
def test_tinypose_is_made_twice_alike_and_in_onnx(chain_of):
    chain = chain_of("tinypose-128x96")
    first, second = chain.native(), chain_of("tinypose-128x96", "again").native()
    shas = [{role: one.sha256 for role, one in made(each).items()} for each in (first, second)]
    assert shas[0] == shas[1]
    assert 1_300_000 < first.facts["parameters"] < 1_400_000
    assert 0.1 < first.facts["output_std"] < 10
    native, sample = made(first), chain.sample(128, 96)
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
def test_a_pyramid_that_does_not_divide_is_exact_in_onnx(chain_of):
    chain = chain_of("pspnet-resnet50")
    native, sample = made(chain.native()), chain.sample(*SMALL)
    results = {"sample": sample, "reference": chain.reference(native, sample, *SMALL)}
    results["none"] = chain.export(native, *SMALL)
    plain = made(results["none"])["onnx"]
    assert results["none"].facts["outputs"][0]["shape"] == [1, 19, *SMALL]
    assert chain.fidelity("none", plain, results).facts["outputs"]["logits"]["relative"] < 1e-3
    tail = made(chain.tail("argmax", plain))["onnx"]
    assert chain.fidelity("argmax", tail, results).facts["outputs"]["labels"]["agreement"] > 0.99


@pytest.mark.real
def test_another_size_than_the_programs_is_unsupported(chain_of):
    chain = chain_of("tinypose-128x96")
    result = chain.export(made(chain.native()), 256, 192)
    assert result.outcome == "unsupported"
    assert result.reason == "this network is made for 128x96, not for 256x192"


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
def test_official_weights_are_loaded_by_name_and_run_nothing(chain_of, tmp_path):
    chain = chain_of("tinypose-128x96")
    random = made(chain.native())
    with np.load(random["state"].path) as arrays:
        state = {name.removeprefix("network."): arrays[name] for name in arrays.files}
    official = saved(tmp_path / "official.pdparams", {**state, "besides": np.zeros(1)})
    chain = chain_of("tinypose-128x96", "official")
    loaded = chain.native("official", {"official.pdparams": official})
    assert made(loaded)["state"].sha256 == random["state"].sha256
    assert loaded.facts["unused"] == ["besides"]
    first = next(iter(state))
    lacking = {name: array for name, array in state.items() if name != first}
    wrong = {**state, first: np.zeros((1, 2))}
    for arrays, words in (
        (lacking, f"not this network's weights, it lacks {first}"),
        (wrong, f"{first} is [1, 2], this network's is {list(state[first].shape)}"),
        ({**state, first: Evil()}, "it names builtins.print"),
    ):
        broken = saved(tmp_path / "broken.pdparams", arrays)
        result = chain.native("official", {"broken.pdparams": broken})
        assert result.outcome == "build_failed"
        assert words in result.reason


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
