"""What torch's exporters share: pictures, names of published weights, what an export keeps."""

import json
import subprocess

import numpy as np
import pytest

pytestmark = pytest.mark.real

# In the environment: prepare two pictures by an exporter's own means; write the tensor.
PREPARE = """
import sys
import numpy as np
from retable_export.exporters import fast_scnn
pictures = np.load(sys.argv[1])
feeds = fast_scnn.prepare({"classes": 19}, pictures)
np.savez(sys.argv[2], **feeds)
"""
# In the environment: which of wrapped names are taken for which of a network's.
NAMES = """
import json, sys
import torch
from retable_export import torch_networks
network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1))
state = network.state_dict()
said = {}
for case, names in json.loads(sys.argv[1]).items():
    named = {name: state[source] if source else torch.zeros(2) for name, source in names.items()}
    torch.save(named if case != "nested" else {"epoch": 3, "state_dict": named}, sys.argv[2])
    try:
        torch_networks.load(network, sys.argv[2], "A network", ("loss.", "extra."))
        said[case] = "loaded"
    except Exception as error:
        said[case] = str(error)
print(json.dumps(said))
"""
# In the environment: how many of eight layers' outputs are still there at the end of an export.
KEPT = """
import pathlib, sys, types, weakref
import torch
from retable_export import contract, torch_networks
class Chain(torch.nn.Sequential):
    def forward(self, image):
        outputs = []
        for layer in self:
            image = torch.relu(layer(image))
            outputs.append(weakref.ref(image))
        self.kept = sum(output() is not None for output in outputs)
        return image
chain = Chain(*(torch.nn.Conv2d(3, 3, 1) for _ in range(8)))
folder = pathlib.Path(sys.argv[1])
torch_networks.save(chain, folder / "state_dict.pt")
exporter = torch_networks.Exporter("A chain", lambda options: chain)
exporter.export(
    {}, {"state_dict": folder / "state_dict.pt"},
    contract.InputShape(height=8, width=8, batch=1), 13, folder / "chain.onnx",
)
print(chain.kept)
"""


@pytest.fixture
def ran(torch_python, packages, tmp_path):
    """Give a function that runs code in the torch environment; it returns what was printed."""

    def run(code, *arguments):
        done = subprocess.run(
            [torch_python, "-c", code, *map(str, arguments)],
            env=packages,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_pictures_become_tensors_of_imagenets_mean_and_deviation(ran, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), np.uint8)
    np.save(tmp_path / "pictures.npy", pictures)
    ran(PREPARE, tmp_path / "pictures.npy", tmp_path / "feeds.npz")
    with np.load(tmp_path / "feeds.npz") as feeds:
        assert feeds.files == ["image"]
        image = feeds["image"]
    assert (image.dtype, image.shape) == (np.float32, (2, 3, 4, 6))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    wanted = ((pictures / 255 - mean) / deviation).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(image, wanted, atol=1e-6)


def test_published_names_may_be_wrapped_and_have_parts_of_training(ran, tmp_path):
    plain = {"0.weight": "0.weight", "0.bias": "0.bias"}
    cases = {
        "plain": plain,
        "nested": plain,
        "wrapped": {f"module.model.{name}": name for name in plain},
        "trained": {
            "loss.weight": None,
            "model.extra.bias": None,
            **{f"model.{name}": name for name in plain},
        },
        "unknown": {"other.bias": None, **plain},
        "lacking": {"0.weight": "0.weight"},
    }
    said = json.loads(ran(NAMES, json.dumps(cases), tmp_path / "weights.pth"))
    loaded = {case for case, words in said.items() if words == "loaded"}
    assert loaded == {"plain", "nested", "wrapped", "trained"}
    assert "not weights of A network, it has other.bias too many" in said["unknown"]
    assert "it lacks 0.bias" in said["lacking"]


def test_an_export_keeps_no_layers_output_but_the_last(ran, tmp_path):
    # With gradients all are kept: more than 18 GB for HRNet-W48 at three scales of 720x1280.
    assert int(ran(KEPT, tmp_path)) == 1
