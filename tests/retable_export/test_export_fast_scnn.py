"""Fast-SCNN by torch: the published names, ONNX beside torch at every published size."""

import hashlib
import json
import subprocess
from pathlib import Path

import onnx
import pytest

from retable.contract import Artifact

pytestmark = pytest.mark.real

TAILS = ("argmax", "fused_argmax", "reducemax", "fused_reducemax")
SIZES = [(384, 384), (384, 576), (576, 576), (576, 768), (768, 1344)]  # height, width
# Makes the file from a JSON list of [name, shape] pairs, as torch.save of a state dict.
SAVE = """
import collections, json, sys, torch
torch.manual_seed(0)
state = collections.OrderedDict()
for name, shape in json.load(open(sys.argv[1])):
    if name.endswith("num_batches_tracked"):
        state[name] = torch.tensor(1)
    elif name.endswith("running_var"):
        state[name] = torch.ones(shape)
    else:
        state[name] = torch.randn(shape) * 0.1
torch.save(state, sys.argv[2])
"""


def published_names() -> list[tuple[str, list[int]]]:
    """Names and shapes of fast_scnn_citys.pth, from upstream's model file, not from ours."""
    found: list[tuple[str, list[int]]] = []

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            found.append((f"{name}.{part}", [channels]))
        found.append((f"{name}.num_batches_tracked", []))

    def conv_norm(name, first, *shape):
        found.append((f"{name}.{first}.weight", list(shape)))
        norm(f"{name}.{first + 1}", shape[0])

    def separable(name, channels, out):
        conv_norm(f"{name}.conv", 0, channels, 1, 3, 3)
        conv_norm(f"{name}.conv", 3, out, channels, 1, 1)

    down = "learning_to_downsample"
    conv_norm(f"{down}.conv.conv", 0, 32, 3, 3, 3)
    separable(f"{down}.dsconv1", 32, 48)
    separable(f"{down}.dsconv2", 48, 64)
    extractor = "global_feature_extractor"
    for stage, (channels, out) in enumerate([(64, 64), (64, 96), (96, 128)], start=1):
        for index in range(3):
            name, inner = f"{extractor}.bottleneck{stage}.{index}.block", out if index else channels
            conv_norm(f"{name}.0.conv", 0, 6 * inner, inner, 1, 1)
            conv_norm(f"{name}.1.conv", 0, 6 * inner, 1, 3, 3)
            conv_norm(name, 2, out, 6 * inner, 1, 1)
    for index in range(1, 5):
        conv_norm(f"{extractor}.ppm.conv{index}.conv", 0, 32, 128, 1, 1)
    conv_norm(f"{extractor}.ppm.out.conv", 0, 128, 256, 1, 1)
    conv_norm("feature_fusion.dwconv.conv", 0, 128, 1, 3, 3)
    for name, channels in (("conv_lower_res", 128), ("conv_higher_res", 64)):
        conv_norm(f"feature_fusion.{name}", 0, 128, channels, 1, 1)
        found.append((f"feature_fusion.{name}.0.bias", [128]))
    separable("classifier.dsconv1", 128, 128)
    separable("classifier.dsconv2", 128, 128)
    return [*found, ("classifier.conv.1.weight", [19, 128, 1, 1]), ("classifier.conv.1.bias", [19])]


@pytest.fixture
def chain(chain_in, torch_python, tmp_path):
    return chain_in(tmp_path, "fast_scnn", torch_python)


@pytest.fixture
def fetched(torch_python, tmp_path):
    """Give a function that saves a state dict of these names, and describes it as fetched."""

    def save(names) -> dict[str, Artifact]:
        listed, path = tmp_path / "names.json", tmp_path / "fetched.pth"
        listed.write_text(json.dumps(names))
        subprocess.run([torch_python, "-c", SAVE, str(listed), str(path)], check=True)
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return {"weights": Artifact(path=str(path), sha256=digest, bytes=len(content))}

    return save


@pytest.fixture(scope="module")
def random_native(chain_in, torch_python, tmp_path_factory):
    return chain_in(tmp_path_factory.mktemp("native"), "fast_scnn", torch_python).native()


def test_random_weights_have_the_papers_size_and_logits_of_order_1(random_native):
    assert random_native.outcome == "ok", random_native.reason
    assert 1.1e6 < random_native.facts["parameters"] < 1.2e6  # 1.11 million in the paper
    assert 0.2 < random_native.facts["output_std"] < 5
    assert "torch" in random_native.versions


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(random_native, chain):
    def digests(native):
        return {role: made.sha256 for role, made in native.artifacts.items()}

    wanted = digests(random_native)
    assert set(wanted) == {"state_dict", "program", "exported"}
    assert digests(chain.native(seed=0)) == wanted
    others = digests(chain.native(seed=1))
    assert not set(others.values()) & set(wanted.values())


# Without our code: what the programs are, what they compute of a sample, and whether torch.compile
# takes the exported one whole. Its default compiler is replaced: it is the GPU's tests' affair.
PROGRAM = """
import json, sys
import numpy as np
import torch
from retable_runner.backends import torch as backend
program = torch.jit.load(sys.argv[1])
exported = backend.exported(torch, sys.argv[2])
compiled = torch.compile(exported.module(), fullgraph=True, dynamic=False, backend="aot_eager")
sample, reference = (np.load(path) for path in sys.argv[3:5])
image = torch.from_numpy(sample["image"])
def apart(call):
    with torch.inference_mode():
        return float(np.abs(call(image).numpy() - reference["logits"]).max())
print(json.dumps({
    "apart": [apart(call) for call in (program, exported.module(), compiled)],
    "traced": backend.convolutions(program),
    "exported": backend.exported_convolutions(torch, exported),
    "ours": [name for name in sys.modules if name.startswith("retable_export")],
}))
"""


@pytest.mark.parametrize(("height", "width", "batch"), [(192, 384, 1), (192, 192, 3)])
def test_the_programs_run_at_any_size_without_the_networks_code(
    random_native, chain, torch_python, height, width, batch
):
    sample = chain.sample(height, width, batch)
    reference = chain.reference(random_native.artifacts, sample, height, width, batch)
    files = (
        random_native.artifacts["program"],
        random_native.artifacts["exported"],
        sample.artifacts["sample"],
        reference.artifacts["reference"],
    )
    done = subprocess.run(
        [torch_python, "-c", PROGRAM, *(one.path for one in files)],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "workflow")},
        check=True,
        capture_output=True,
        text=True,
    )
    said = json.loads(done.stdout)
    assert max(said["apart"]) < 1e-5
    assert said["ours"] == []
    assert said["traced"]["count"] == said["exported"]["count"] == 45
    assert said["traced"]["tf32"] == 0
    assert said["traced"]["autotuned"] == 45


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_onnx_is_torch_and_the_tails_are_their_definitions(chain, random_native, height, width):
    results = chain.everything(height, width, random_native)
    for name, result in results.items():
        assert result.outcome == "ok", (name, result.reason)
    facts = {tail: results[f"fidelity/{tail}"].facts for tail in ("none", *TAILS)}
    assert facts["none"]["relative"] < 1e-4
    assert facts["argmax"]["agreement"] > 0.999
    for tail in ("argmax", "fused_argmax"):
        assert facts[tail]["against_definition"] == 1.0
        assert facts[tail]["tied"] < 1e-4 * height * width
        assert facts[tail]["classes_present"] > 3
    assert facts["fused_argmax"]["agreement"] > 0.8
    assert facts["reducemax"]["against_definition"] < 1e-5
    assert facts["fused_reducemax"]["against_definition"] < 1e-4


def test_the_graph_is_plain(chain, random_native):
    exported = chain.export(random_native.artifacts, 384, 576)
    assert exported.facts["inputs"] == [
        {"name": "image", "shape": [1, 3, 384, 576], "dtype": "float32"}
    ]
    assert exported.facts["outputs"] == [
        {"name": "logits", "shape": [1, 19, 384, 576], "dtype": "float32"}
    ]
    assert exported.facts["opset"] == 13
    model = onnx.load(exported.artifacts["onnx"].path)
    operators = {node.op_type for node in model.graph.node}
    plain = {"Conv", "Relu", "Add", "Concat", "Resize", "AveragePool", "GlobalAveragePool"}
    assert operators == plain
    last = model.graph.node[-1]
    assert last.op_type == "Resize"
    again = chain.export(random_native.artifacts, 384, 576)
    assert again.artifacts == exported.artifacts


def test_a_size_that_the_pyramid_cannot_divide_is_unsupported(chain, random_native, tmp_path):
    result = chain.export(random_native.artifacts, 512, 1024)
    assert result.outcome == "unsupported"
    assert "512x1024" in result.reason
    assert "192" in result.reason
    assert list(tmp_path.rglob("*.onnx")) == []


def test_weights_of_the_published_names_load_strictly(chain, fetched, tmp_path):
    result = chain.native("official", fetched(published_names()))
    assert result.outcome == "ok", result.reason
    assert result.facts["weights"] == "official"
    assert result.facts["parameters"] == 1_138_051
    assert Path(result.artifacts["state_dict"].path).is_file()


def test_weights_saved_from_several_gpus_load_too(chain, fetched):
    names = [(f"module.{name}", shape) for name, shape in published_names()]
    assert chain.native("official", fetched(names)).outcome == "ok"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda n, s: ("classifier.conv.9.bias" if n == "classifier.conv.1.bias" else n, s),
         ["lacks classifier.conv.1.bias"]),
        (lambda n, s: (n, [21, *s[1:]] if n.startswith("classifier.conv") else s),
         ["classifier.conv.1.weight is [21, 128, 1, 1]", "[19, 128, 1, 1]"]),
    ],
)  # fmt: skip
def test_weights_of_another_network_are_named_by_their_first_key(chain, fetched, change, words):
    names = [change(name, shape) for name, shape in published_names()]
    assert_refused(chain.native("official", fetched(names)), *words)


def test_weights_with_more_than_the_network_has_are_refused(chain, fetched):
    names = [*published_names(), ("auxlayer.4.bias", [19])]
    assert_refused(chain.native("official", fetched(names)), "has auxlayer.4.bias too many")


def test_a_file_that_is_no_weights_is_refused(chain, tmp_path):
    path = tmp_path / "fetched.pth"
    path.write_text("<html>404</html>")
    content = path.read_bytes()
    made = Artifact(path=str(path), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    assert_refused(chain.native("official", {"weights": made}), "cannot read it as weights")


def assert_refused(result, *words):
    assert result.outcome == "build_failed"
    assert "fetched.pth" in result.reason
    assert "\n" not in result.reason
    for word in words:
        assert word in result.reason
    assert result.artifacts == {}
