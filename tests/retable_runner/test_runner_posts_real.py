"""Posts in torch behind real engines on the CPU: what they compute, on whose memory."""

import json
import subprocess

import numpy as np
import pytest

from retable_export import definitions
from retable_export.definitions import Tensors

pytestmark = pytest.mark.real
onnx = pytest.importorskip("onnx")
BACKENDS = ["onnxruntime", "openvino"]
POSTS = ["torch_interpolate_softmax", "torch_interpolate_softmax_max", "torch_max"]
IMAGE = (40, 72)

# In the CPU environment: run an engine and a post behind it; leave what both made, and tell where
# the tensors lay that the post was given.
RUN = """
import json, sys
from types import SimpleNamespace
import numpy as np
from retable_runner import backends, launch, posts, torch_posts
backend, files, sample, name, path = sys.argv[1:6]
feeds = launch.read_sample(sample)
engine = backends.load(backend).load(json.loads(files), {"threads": 1})
engine.bind(feeds)
post, seen = posts.load(name), []
def run(tensors, size):
    seen.extend(one.data_ptr() for one in tensors)
    return post.run(tensors, size)
call, facts = torch_posts.on_host(SimpleNamespace(run=run), feeds, {"threads": 1})
call(engine.run())
outputs = engine.run()
found = call(outputs)
np.savez(path, logits=outputs[0], **{"made%d" % at: one for at, one in enumerate(found)})
print(json.dumps({"facts": facts, "seen": seen, "mine": [one.ctypes.data for one in outputs]}))
"""


@pytest.fixture
def engine_of(cpu_runner):
    """Build averages of 8 x 8 pixels, 5 classes, for a backend; return engine and sample."""
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    height, width = IMAGE
    pool = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[8, 8], strides=[8, 8])
    graph = helper.make_graph(
        [pool],
        "strided",
        [helper.make_tensor_value_info("x", floats, [2, 5, height, width])],
        [helper.make_tensor_value_info("y", floats, [2, 5, height // 8, width // 8])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = cpu_runner.folder / "m.onnx"
    onnx.save(model, path)
    sample = cpu_runner.folder / "sample.npz"
    values = np.random.default_rng(0).standard_normal((2, 5, height, width))
    np.savez(sample, x=(20 * values).astype(np.float32))

    def build(backend):
        result = cpu_runner.result(cpu_runner.build_job(backend, path, threads=1))
        assert result["outcome"] == "ok", result["reason"]
        return result["artifacts"], sample

    return build


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("post", POSTS)
def test_a_post_shares_the_engines_memory_and_is_its_definition(
    cpu_runner, engine_of, backend, post
):
    engine, sample = engine_of(backend)
    files = json.dumps({role: one["path"] for role, one in engine.items()})
    path = cpu_runner.folder / "found.npz"
    done = subprocess.run(
        [cpu_runner.python, "-c", RUN, backend, files, str(sample), post, str(path)],
        env=cpu_runner.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["seen"] == said["mine"] * 2
    assert said["facts"] == {"on": "host", "threads": 1}
    with np.load(path) as arrays:
        logits, *found = (arrays[name] for name in arrays.files)
    probabilities = definitions.probabilities(Tensors(logits, None, "", IMAGE))
    if post == "torch_interpolate_softmax":
        np.testing.assert_allclose(found[0], probabilities, atol=1e-6)
        return
    values, labels = found
    scores = logits if post == "torch_max" else probabilities
    np.testing.assert_allclose(values, definitions.values(scores), atol=1e-6)
    np.testing.assert_array_equal(labels, definitions.labels(scores))
    assert (values.dtype, labels.dtype) == (np.float32, np.int64)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_launch_times_engine_and_post_apart(cpu_runner, engine_of, backend):
    engine, sample = engine_of(backend)
    job = cpu_runner.launch_job(backend, engine, sample, post=POSTS[1], threads=1)
    result = cpu_runner.result(job)
    assert result["outcome"] == "ok", result["reason"]
    samples = result["samples"]
    assert set(samples) == {"latency_sync", "host_post"}
    assert len(samples["host_post"]) == len(samples["latency_sync"]) > 0
    assert min(samples["host_post"]) > 0
    assert result["facts"]["engine"]["post"] == {"on": "host", "threads": 1}
    assert {"torch", backend} <= set(result["versions"])


def test_a_post_in_torch_without_an_image_is_unsupported(cpu_runner):
    result = cpu_runner.result(cpu_runner.build_job("null", __file__))
    sample = cpu_runner.folder / "sample.npz"
    np.savez(sample, x=np.zeros((1, 3), np.float32))
    job = cpu_runner.launch_job("null", result["artifacts"], sample, post="torch_max")
    result = cpu_runner.result(job)
    assert result["outcome"] == "unsupported"
    assert "needs one image, an input [N, C, H, W]: here are 0" in result["reason"]
