"""The segmentation networks by torch: sizes of the papers, ONNX beside torch, published names."""

import json
import subprocess
from pathlib import Path

import onnx
import pytest

pytestmark = pytest.mark.real

CLASSES = 29
DDRNET = {"planes": 32, "spp_planes": 128, "head_planes": 64, "classes": CLASSES}
OCR = {"mid_channels": 512, "key_channels": 256, "classes": CLASSES}
LITE = {"modules": [2, 4, 2], "classes": CLASSES}
NETWORKS = {  # name: exporter, options, stride of the logits
    "ddrnet": ("ddrnet", DDRNET, 8),
    "ocr-ddrnet": ("ocr", {"trunk": "ddrnet23_slim", **OCR}, 8),
    "ocr-ddrnet-2": ("ocr", {"trunk": "ddrnet23_slim", "scales": [0.5, 1.0], **OCR}, 1),
    "ocr-w18-3": ("ocr", {"trunk": "hrnet_w18_small_v2", "scales": [0.5, 1.0, 2.0], **OCR}, 1),
    "ocr-w18": ("ocr", {"trunk": "hrnet_w18_small_v2", **OCR}, 4),
    "lite": ("lite_hrnet", {"naive": False, **LITE}, 4),
    "naive-lite": ("lite_hrnet", {"naive": True, **LITE}, 4),
    "ocr-lite": ("ocr", {"trunk": "lite_hrnet", **OCR}, 4),
    "ocr-naive-lite": ("ocr", {"trunk": "naive_lite_hrnet", **OCR}, 4),
}
# What the oldest parsers know (onnx-tensorrt 8.0), and nothing computes sizes inside the graph.
PLAIN = {
    *("Conv", "Relu", "Add", "Sub", "Mul", "Concat", "Split", "Slice", "Resize", "Sigmoid"),
    *("AveragePool", "GlobalAveragePool", "BatchNormalization", "Softmax", "MatMul"),
    *("Reshape", "Transpose", "Unsqueeze", "Constant"),
}
# In the environment: millions of parameters, and 1e9 multiply-accumulates, with the papers' heads.
COUNT = """
import io, json
import onnx, torch
from torch import nn
from retable_export import flops, graphs
from retable_export.networks.ddrnet import DDRNet
from retable_export.networks.hrnet import W18_SMALL_V2, W48, HRNetTrunk
from retable_export.networks.lite_hrnet import LiteHRNet
from retable_export.networks.ocr import MultiScaleOCRNet, OCRNet

def with_head(trunk):
    width = trunk.out_channels
    return nn.Sequential(trunk, nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU(),
                         nn.Conv2d(width, 19, 1))

def gmacs(network, height, width):
    stream = io.BytesIO()
    torch.onnx.export(network.eval(), (torch.zeros(1, 3, height, width),), stream, dynamo=False,
                      opset_version=13, input_names=["image"], output_names=["logits"])
    model = graphs.fix_resize_sizes(onnx.load_from_string(stream.getvalue()))
    return flops.gflops(model) / 2

def counted(network, height=0, width=0, times=1):
    parameters = sum(one.numel() for one in network.parameters()) / 1e6
    return [parameters, gmacs(network, height, width) * times if height else None]

with torch.device("meta"):
    big = {"w48": with_head(HRNetTrunk(W48)), "ocr-w48": OCRNet(HRNetTrunk(W48), 512, 256, 19),
           "mscale-w48": MultiScaleOCRNet(HRNetTrunk(W48), 512, 256, 19, [0.5, 1.0, 2.0])}
print(json.dumps({
    **{name: counted(network) for name, network in big.items()},
    "ddrnet23-slim": counted(DDRNet(32, 128, 64, 19), 256, 512, 16),
    "w18-small-v2": counted(with_head(HRNetTrunk(W18_SMALL_V2)), 256, 512, 16),
    "lite": counted(LiteHRNet((2, 4, 2), False, 17), 256, 192),
    "naive-lite": counted(LiteHRNet((2, 4, 2), True, 17), 256, 192),
}))
"""
# In the environment: save a state dict of these names and shapes, of the deviation given.
SAVE = """
import json, sys, torch
torch.manual_seed(0)
state = {}
for name, shape in json.load(open(sys.argv[1])).items():
    if name.endswith("num_batches_tracked"):
        state[name] = torch.tensor(1)
    elif name.endswith("running_var"):
        state[name] = torch.ones(shape)
    else:
        state[name] = torch.randn(shape) * float(sys.argv[3])
torch.save(state, sys.argv[2])
"""


@pytest.fixture(scope="module")
def counts(torch_python, packages):
    done = subprocess.run(
        [torch_python, "-c", COUNT], env=packages, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("network", "millions"),
    [
        ("ddrnet23-slim", 5.7),  # arXiv:2101.06085, table 4
        ("w48", 65.8),  # HRNet-Semantic-Segmentation's page, for this head
        ("w18-small-v2", 3.9),
        ("ocr-w48", 70.3),  # likewise, with OCR
        ("lite", 1.1),  # arXiv:2104.06403, table 1, for 17 keypoints
    ],
)
def test_parameters_are_the_papers(counts, network, millions):
    found = counts[network][0]
    assert abs(found - millions) < max(0.02 * millions, 0.05), found  # they round to 0.1


def test_attention_over_scales_adds_two_convolutions_to_one_set_of_weights(counts):
    attention = 512 * 256 * 9 + 256 * 256 * 9 + 256 + 4 * 256
    added = counts["mscale-w48"][0] - counts["ocr-w48"][0]
    assert added == pytest.approx(attention / 1e6, abs=1e-6)


def test_the_naive_network_of_these_widths_is_the_papers_wider_one(counts):
    assert counts["naive-lite"][0] == pytest.approx(1.3, abs=0.05)


def test_multiply_accumulates_are_the_papers(counts):
    assert counts["ddrnet23-slim"][1] == pytest.approx(36.3, rel=0.01)  # 1024x2048
    # HRNet's page counts in units of 2 ** 30.
    assert counts["w18-small-v2"][1] * 1e9 / 2**30 == pytest.approx(71.6, rel=0.01)
    # These papers count normalisations, activations and averages too: some 3 % of so small ones.
    for network, megas in (("lite", 205.2), ("naive-lite", 311.1)):
        assert 0.95 * megas < counts[network][1] * 1e3 < megas


@pytest.fixture(scope="module")
def made(chain_in, torch_python, tmp_path_factory):
    """Give a function that makes a network's random weights once, and the chain around them."""
    chains = {}

    def make(network):
        if network not in chains:
            exporter, options, _ = NETWORKS[network]
            folder = tmp_path_factory.mktemp(network)
            chain = chain_in(folder, exporter, torch_python, options)
            chains[network] = chain, chain.native()
        return chains[network]

    return make


# 32 does not divide 144 (144 / 16 = 9), nor 720; it divides 128, where Lite-HRNet's averages are
# another operator.
@pytest.mark.parametrize(
    ("network", "height", "width"),
    [*((network, 144, 272) for network in NETWORKS), ("lite", 128, 256)],
)
def test_onnx_is_torch(made, network, height, width):
    chain, native = made(network)
    assert native.outcome == "ok", native.reason
    assert 0.2 < native.facts["output_std"] < 5
    results = chain.everything(height, width, native, tails=("interpolate_softmax_max",))
    for name, result in results.items():
        assert result.outcome == "ok", (name, result.reason)
    stride = NETWORKS[network][2]
    [output] = results["none"].facts["outputs"]
    assert output == {
        "name": "logits",
        "shape": [1, CLASSES, height // stride, width // stride],
        "dtype": "float32",
    }
    assert results["none"].facts["gflops"] > 0.05
    model = onnx.load(results["none"].artifacts["onnx"].path)
    assert {node.op_type for node in model.graph.node} <= PLAIN
    assert results["fidelity/none"].facts["relative"] < 1e-3
    best = results["fidelity/interpolate_softmax_max"].facts
    assert best["agreement"] > 0.99
    assert best["classes_present"] > 5
    assert best["against_definition"] > 0.9999
    sizes = [one["shape"] for one in results["interpolate_softmax_max"].facts["outputs"]]
    assert sizes == [[1, 1, height, width]] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trunk": "resnet50"}, "trunk 'resnet50' is not of ddrnet23_slim,"),
        ({"trunk": "lite_hrnet", "scales": [0.5, 2.0]}, "1.0 among them, not [0.5, 2.0]"),
    ],
)
def test_a_trunk_or_scales_that_there_are_not_are_unsupported(
    chain_in, torch_python, tmp_path, options, words
):
    result = chain_in(tmp_path, "ocr", torch_python, {**OCR, **options}).native()
    assert result.outcome == "unsupported"
    assert words in result.reason


class Names:
    """Names and shapes of a state dict."""

    def __init__(self):
        self.found: dict[str, list[int]] = {}

    def norm(self, name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            self.found[f"{name}.{part}"] = [channels]
        self.found[f"{name}.num_batches_tracked"] = []

    def conv_norm(self, conv, bn, *shape):
        self.found[f"{conv}.weight"] = list(shape)
        self.norm(bn, shape[0])

    def block(self, name, channels, *convolutions, shortcut=True):
        for index, (out, kernel) in enumerate(convolutions, start=1):
            before = convolutions[index - 2][0] if index > 1 else channels
            self.conv_norm(f"{name}.conv{index}", f"{name}.bn{index}", out, before, kernel, kernel)
        if shortcut:
            out = convolutions[-1][0]
            self.conv_norm(f"{name}.downsample.0", f"{name}.downsample.1", out, channels, 1, 1)

    def activated(self, name, first, channels, out, kernel):
        self.norm(f"{name}.{first}", channels)
        self.found[f"{name}.{first + 2}.weight"] = [out, channels, kernel, kernel]


def ddrnet_names() -> dict[str, list[int]]:
    """Those of DDRNet23-slim, from upstream's model file, not from ours."""
    names = Names()
    for index, channels in ((0, 3), (3, 32)):
        names.conv_norm(f"conv1.{index}", f"conv1.{index + 1}", 32, channels, 3, 3)
        names.found[f"conv1.{index}.bias"] = [32]
    layers = [("layer1", 32, 32), ("layer2", 32, 64), ("layer3", 64, 128), ("layer4", 128, 256)]
    for name, channels, out in [*layers, ("layer3_", 64, 64), ("layer4_", 64, 64)]:
        names.block(f"{name}.0", channels, (out, 3), (out, 3), shortcut=channels != out)
        names.block(f"{name}.1", out, (out, 3), (out, 3), shortcut=False)
    names.block("layer5_.0", 64, (64, 1), (64, 3), (128, 1))
    names.block("layer5.0", 256, (256, 1), (256, 3), (512, 1))
    names.conv_norm("compression3.0", "compression3.1", 64, 128, 1, 1)
    names.conv_norm("compression4.0", "compression4.1", 64, 256, 1, 1)
    names.conv_norm("down3.0", "down3.1", 128, 64, 3, 3)
    names.conv_norm("down4.0", "down4.1", 128, 64, 3, 3)
    names.conv_norm("down4.3", "down4.4", 256, 128, 3, 3)
    names.activated("spp.scale0", 0, 512, 128, 1)
    for index in range(1, 5):
        names.activated(f"spp.scale{index}", 1, 512, 128, 1)
        names.activated(f"spp.process{index}", 0, 128, 128, 3)
    names.activated("spp.compression", 0, 640, 128, 1)
    names.activated("spp.shortcut", 0, 512, 128, 1)
    for head, channels in (("final_layer", 128), ("seghead_extra", 64)):
        names.norm(f"{head}.bn1", channels)
        names.conv_norm(f"{head}.conv1", f"{head}.bn2", 64, channels, 3, 3)
        names.found[f"{head}.conv2.weight"] = [19, 64, 1, 1]
        names.found[f"{head}.conv2.bias"] = [19]
    return names.found


def saved(python, folder, names, deviation):
    """Save weights of these names; return the file."""
    listed, path = folder / "names.json", folder / "fetched.pth"
    listed.write_text(json.dumps(names))
    command = [python, "-c", SAVE, str(listed), str(path), str(deviation)]
    subprocess.run(command, check=True)
    return path


def test_weights_that_give_no_finite_logits_are_refused(
    chain_in, torch_python, tmp_path, described_file
):
    chain = chain_in(tmp_path, "ddrnet", torch_python, {**DDRNET, "classes": 19})
    path = saved(torch_python, tmp_path, ddrnet_names(), 1e9)
    result = chain.native("official", {"weights": described_file(path)})
    assert result.outcome == "build_failed"
    assert "DDRNet gives logits that are not finite with these weights" in result.reason


@pytest.mark.parametrize("wrapper", ["", "model.", "module.model."])
def test_weights_of_ddrnets_published_names_load(
    chain_in, torch_python, tmp_path, described_file, wrapper
):
    names = {f"{wrapper}{name}": shape for name, shape in ddrnet_names().items()}
    chain = chain_in(tmp_path, "ddrnet", torch_python, {**DDRNET, "classes": 19})
    path = saved(torch_python, tmp_path, names, 0.1)
    result = chain.native("official", {"weights": described_file(path)})
    assert result.outcome == "ok", result.reason
    assert result.facts["parameters"] == 5_695_987
    assert Path(result.artifacts["state_dict"].path).is_file()
