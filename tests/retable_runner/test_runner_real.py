"""ONNX Runtime and OpenVINO as they are, on small graphs made here."""

import json
import os
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest

from retable_runner import contract

pytestmark = pytest.mark.real
BACKENDS = ["onnxruntime", "openvino"]
BIG_OUTPUT = (1, 10, 1024, 1024)  # 40 MB of float32

# In the CPU environment: load an engine, run it thrice, and tell of its outputs.
RUN = """
import json, sys, tracemalloc
import numpy as np
from retable_runner import backends, launch
backend, files, sample, options = sys.argv[1:5]
engine = backends.load(backend).load(json.loads(files), json.loads(options))
engine.bind(launch.read_sample(sample))
seen = []
for _ in range(3):
    outputs = engine.run()
    seen.append([array.ctypes.data for array in outputs])
tracemalloc.start()  # numpy tells it of its arrays, so that a copy of an output would show
engine.run()
copied_bytes = tracemalloc.get_traced_memory()[1]
tracemalloc.stop()
np.savez(sys.argv[5], *outputs)
told = {"addresses": seen, "copied_bytes": copied_bytes}
print(json.dumps(dict(told, facts=engine.facts, names=engine.outputs)))
"""


def convolution(path, channels, size, batch=1):
    """Write Conv + Relu with seeded weights: (n, 3, size, size) -> (n, channels, size, size)."""
    onnx = pytest.importorskip("onnx")
    kernel = np.random.default_rng(0).standard_normal((channels, 3, 3, 3)).astype(np.float32)
    nodes = [
        onnx.helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1]),
        onnx.helper.make_node("Relu", ["y"], ["z"]),
    ]
    shape = [batch, 3, size, size]
    return _save(path, nodes, shape, ("z", [batch, channels, size, size]), {"kernel": kernel})


def positives(path):
    """Write NonZero(Relu(x)): an output whose second size only the values tell."""
    onnx = pytest.importorskip("onnx")
    nodes = [
        onnx.helper.make_node("Relu", ["x"], ["y"]),
        onnx.helper.make_node("NonZero", ["y"], ["z"]),
    ]
    return _save(path, nodes, [1, 3, 8, 8], ("z", [4, None]), {}, integer=True)


def _save(path, nodes, shape, output, constants, integer=False):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = TensorProto.INT64 if integer else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output[0], kind, output[1])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def sample_for(folder, shape):
    path = folder / "sample.npz"
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    np.savez(path, x=values)
    return path, values


def built(runner, backend, onnx, precision="fp32", **options):
    result = runner.result(runner.build_job(backend, onnx, precision, **options))
    assert result["outcome"] == "ok", result["reason"]
    return result["artifacts"]


def run_thrice(runner, backend, engine, sample, **options):
    files = json.dumps({role: each["path"] for role, each in engine.items()})
    outputs = runner.folder / "outputs.npz"
    done = subprocess.run(
        [runner.python, "-c", RUN, backend, files, sample, json.dumps(options), outputs],
        env=runner.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with np.load(outputs) as arrays:
        return json.loads(done.stdout), [arrays[name] for name in arrays.files]


def reference(onnx, values):
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(str(onnx)).run(None, {"x": values})


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_output_is_that_of_the_graph(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    sample, values = sample_for(cpu_runner.folder, (1, 3, 32, 32))
    said, outputs = run_thrice(cpu_runner, backend, built(cpu_runner, backend, onnx), sample)
    np.testing.assert_allclose(outputs[0], reference(onnx, values)[0], rtol=0, atol=1e-5)
    assert said["names"] == ["z"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_output_of_unknown_size_is_learnt(cpu_runner, backend):
    onnx = positives(cpu_runner.folder / "m.onnx")
    sample, values = sample_for(cpu_runner.folder, (1, 3, 8, 8))
    said, outputs = run_thrice(cpu_runner, backend, built(cpu_runner, backend, onnx), sample)
    assert np.array_equal(outputs[0], reference(onnx, values)[0])
    assert said["addresses"][0] == said["addresses"][2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_large_output_stays_where_it_is(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 10, 1024)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 1024, 1024))
    said, outputs = run_thrice(cpu_runner, backend, built(cpu_runner, backend, onnx), sample)
    assert outputs[0].shape == BIG_OUTPUT
    assert outputs[0].any()
    assert said["copied_bytes"] < 1 << 20
    assert said["addresses"][0] == said["addresses"][1] == said["addresses"][2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_launch_times_it_with_the_threads_asked(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 32, 32))
    engine = built(cpu_runner, backend, onnx, threads=1)
    job = cpu_runner.launch_job(backend, engine, sample, post="numpy_argmax", threads=1)
    result = cpu_runner.result(job)
    assert result["outcome"] == "ok", result["reason"]
    assert result["facts"]["threads"] == 1
    assert result["facts"]["outputs"] == [
        {"name": "z", "shape": [1, 4, 32, 32], "dtype": "float32"}
    ]
    assert set(result["samples"]) == {"latency_sync", "host_post"}
    assert backend in result["versions"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_by_default_every_cpu_of_the_process_has_a_thread(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 32, 32))
    said, _ = run_thrice(cpu_runner, backend, built(cpu_runner, backend, onnx), sample)
    assert said["facts"]["threads"] == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_truncated_graph_fails_to_build(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    onnx.write_bytes(onnx.read_bytes()[:200])
    result = cpu_runner.result(cpu_runner.build_job(backend, onnx))
    assert result["outcome"] == "build_failed"
    assert "m.onnx" in result["reason"]
    assert backend in result["versions"]
    assert list((cpu_runner.folder / "engine").iterdir()) == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_truncated_engine_has_crashed_with_a_reason(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 32, 32))
    engine = built(cpu_runner, backend, onnx)
    path = Path(engine["engine"]["path"])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    engine["engine"] = contract.artifact(str(path))
    result = cpu_runner.result(cpu_runner.launch_job(backend, engine, sample))
    assert result["outcome"] == "crashed"
    assert len(result["reason"]) > 20


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sample_of_another_size_has_crashed_with_both_sizes(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 32, 48))
    engine = built(cpu_runner, backend, onnx)
    result = cpu_runner.result(cpu_runner.launch_job(backend, engine, sample))
    assert (result["outcome"], result["reason"]) == (
        "crashed",
        "input 'x' takes float32 [1, 3, 32, 32], the sample has float32 [1, 3, 32, 48]",
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_too_little_memory_is_an_outcome(cpu_runner, backend):
    onnx = convolution(cpu_runner.folder / "m.onnx", 256, 1024)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 1024, 1024))
    engine = built(cpu_runner, backend, onnx, threads=1)

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (700 << 20, 700 << 20))

    job = cpu_runner.launch_job(backend, engine, sample, threads=1)
    result = cpu_runner.result(job, preexec_fn=limit)
    assert result["outcome"] == "out_of_memory", result["reason"]


@pytest.mark.parametrize(("backend", "precision"), [("onnxruntime", "fp16"), ("openvino", "fp8")])
def test_a_precision_that_it_does_not_have_is_unsupported(cpu_runner, backend, precision):
    onnx = convolution(cpu_runner.folder / "m.onnx", 4, 32)
    result = cpu_runner.result(cpu_runner.build_job(backend, onnx, precision))
    assert result["outcome"] == "unsupported"
    assert precision in result["reason"]


@pytest.mark.parametrize(("precision", "runs_in"), [("fp16", "f16"), ("bf16", "bf16")])
def test_openvino_gives_half_precision_only_where_the_cpu_does(cpu_runner, precision, runs_in):
    onnx = convolution(cpu_runner.folder / "m.onnx", 16, 64)
    result = cpu_runner.result(cpu_runner.build_job("openvino", onnx, precision))
    if result["outcome"] == "ok":
        assert result["facts"]["engine"]["layer_precisions"] == {runs_in: 1}
    else:
        assert result["outcome"] == "unsupported"
        assert f"not in {runs_in}" in result["reason"]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_openvino_keeps_the_precision_from_build_to_load(cpu_runner, precision):
    onnx = convolution(cpu_runner.folder / "m.onnx", 16, 64)
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 64, 64))
    result = cpu_runner.result(cpu_runner.build_job("openvino", onnx, precision))
    if precision == "fp16" and result["outcome"] == "unsupported":
        pytest.skip(result["reason"])
    said, _ = run_thrice(cpu_runner, "openvino", result["artifacts"], sample)
    assert said["facts"]["layer_precisions"] == result["facts"]["engine"]["layer_precisions"]
