"""The backend paddle: what it refuses without Paddle, and Paddle itself on a small program."""

import json
import subprocess

import numpy as np
import pytest

from retable_runner import contract
from retable_runner.backends import paddle
from retable_runner.errors import Unsupported

FEEDS = {"image": np.zeros((8, 3, 256, 512), np.float32), "scale": np.zeros((8, 2), np.float32)}
SOURCES = {"model": "m", "params": "p", "interface": "i"}
# In Paddle's environment: a program of two outputs, for any batch, and what it computes eagerly.
MAKE = """
import json, sys
import numpy as np, paddle
class Two(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = paddle.nn.Conv2D(3, 4, 3)
    def forward(self, image):
        features = self.conv(image)
        return features, paddle.argmax(features, axis=1)
paddle.seed(0)
network = Two()
network.eval()
folder = sys.argv[1]
spec = paddle.static.InputSpec([None, 3, 16, 16], "float32", "image")
paddle.jit.save(paddle.jit.to_static(network, input_spec=[spec]), folder + "/program")
image = np.random.RandomState(0).rand(2, 3, 16, 16).astype(np.float32)
features, labels = (output.numpy() for output in network(paddle.to_tensor(image)))
np.savez(folder + "/sample.npz", image=image)
np.savez(folder + "/wanted.npz", features=features, labels=labels)
with open(folder + "/interface.json", "w") as stream:
    image = {"dtype": "float32", "shape": [None, 3, 16, 16]}
    json.dump({"inputs": {"image": image}, "outputs": ["features", "labels"]}, stream)
"""
# Likewise: load an engine, run it, refill it, and tell of its outputs and threads.
RUN = """
import json, os, sys
import numpy as np
from retable_runner import backends, calls, launch
files, sample, options = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
backend = backends.load("paddle")
feeds = launch.read_sample(sample)
with calls.opened(backend, files, options, feeds) as inference:
    first = dict(zip(inference.outputs, inference.run()))
    inference.refill({"image": feeds["image"][::-1]})
    second = dict(zip(inference.outputs, inference.run()))
np.savez(sys.argv[4], second=second["features"], **first)
print(json.dumps(inference.facts))
"""


@pytest.mark.parametrize(
    ("precision", "options", "words"),
    [
        ("fp16", {}, "Paddle's own kernels run the native weights, which are fp32, not fp16"),
        ("int8", {"tensorrt": True}, "what was quantised by Paddle"),
    ],
)
def test_a_precision_that_it_would_not_compute_in_is_refused(tmp_path, precision, options, words):
    with pytest.raises(Unsupported, match=words):
        paddle.build(SOURCES, precision, options, str(tmp_path))


def test_a_model_without_a_program_is_refused(tmp_path):
    with pytest.raises(Unsupported, match=r"no Paddle inference model \(interface, params missing"):
        paddle.build({"model": "m"}, "fp32", {}, str(tmp_path))


def test_the_published_profile_is_of_the_images_alone():
    least, largest, usual = paddle.shapes_of("100x100 512x1024 2000x3000", FEEDS)
    assert least == {"image": [8, 3, 100, 100], "scale": [8, 2]}
    assert largest == {"image": [8, 3, 2000, 3000], "scale": [8, 2]}
    assert usual == {"image": [8, 3, 512, 1024], "scale": [8, 2]}


@pytest.mark.parametrize("profile", ["", "100x100", "100x100 512x1024", "a b c"])
def test_a_profile_that_is_none_is_one_sentence(profile):
    with pytest.raises(Unsupported, match="is neither 'fit' nor three sizes"):
        paddle.shapes_of(profile, FEEDS)


@pytest.fixture(scope="module")
def small_program(paddle_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    source = folder / "make.py"  # a file: Paddle reads the source of what it makes static
    source.write_text(MAKE)
    subprocess.run([paddle_python, source, folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def built(paddle_runner, small_program):
    """Give a function that builds the program with options; it returns the engine's artifacts."""

    def build(**options):
        job = {
            **paddle_runner.build_job("paddle", small_program / "interface.json", **options),
            "source": {
                role: artifact(small_program / name)
                for role, name in (
                    ("model", "program.pdmodel"),
                    ("params", "program.pdiparams"),
                    ("interface", "interface.json"),
                )
            },
        }
        result = paddle_runner.result(job)
        assert result["outcome"] == "ok", result["reason"]
        return result["artifacts"]

    return build


def artifact(path):
    return contract.artifact(str(path))


@pytest.mark.real
@pytest.mark.parametrize("onednn", [True, False])
def test_its_outputs_are_those_of_the_network(paddle_runner, small_program, built, onednn):
    files = {role: each["path"] for role, each in built().items()}
    outputs = paddle_runner.folder / "outputs.npz"
    options = {"threads": 1, "onednn": onednn}
    command = [json.dumps(files), small_program / "sample.npz", json.dumps(options), outputs]
    done = subprocess.run(
        [paddle_runner.python, "-c", RUN, *command],
        env=paddle_runner.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert (facts["threads"], facts["onednn"], facts["device"]) == (1, onednn, "CPU")
    with np.load(outputs) as found, np.load(small_program / "wanted.npz") as wanted:
        np.testing.assert_allclose(found["features"], wanted["features"], atol=1e-5)
        np.testing.assert_allclose(found["second"], wanted["features"][::-1], atol=1e-5)
        assert (found["labels"] == wanted["labels"]).mean() > 0.99


@pytest.mark.real
def test_a_launch_times_the_call_and_the_call_with_the_copy(paddle_runner, small_program, built):
    job = paddle_runner.launch_job("paddle", built(), small_program / "sample.npz", threads=1)
    result = paddle_runner.result(job)
    assert result["outcome"] == "ok", result["reason"]
    assert result["facts"]["memory"] == "host"
    assert result["facts"]["fields"] == ["latency_run_d2h", "latency_run"]
    run, whole = (np.array(result["samples"][name]) for name in ("latency_run", "latency_run_d2h"))
    assert len(run) == len(whole) == len(result["contention"]["cpu"])
    assert (run < whole).all()
    assert [each["name"] for each in result["facts"]["outputs"]] == ["features", "labels"]
    assert result["versions"]["paddle"].startswith("2.")


@pytest.mark.real
@pytest.mark.parametrize(
    ("shape", "options", "outcome", "words"),
    [
        ((1, 3, 16, 24), {}, "crashed", "takes float32 [None, 3, 16, 16], the sample has float32"),
        ((1, 3, 16, 16), {"device": "gpu"}, "unavailable", "is built without CUDA"),
        ((1, 3, 16, 16), {"tensorrt": True}, "unsupported", "need the option device: gpu"),
        ((1, 3, 16, 16), {"device": "npu"}, "unsupported", "runs on cpu or gpu, not on 'npu'"),
    ],
)
def test_what_cannot_be_run_is_an_outcome(paddle_runner, built, shape, options, outcome, words):
    sample = paddle_runner.folder / "sample.npz"
    np.savez(sample, image=np.zeros(shape, np.float32))
    result = paddle_runner.result(paddle_runner.launch_job("paddle", built(), sample, **options))
    assert result["outcome"] == outcome
    assert words in result["reason"]
