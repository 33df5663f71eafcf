"""INT8 as the backends really run it: one Q/DQ file for ONNX Runtime, OpenVINO and TensorRT-RTX."""

import json
import subprocess
from functools import partial

import numpy as np
import pytest
from test_runner_qdq import quantized
from test_runner_real import RUN, convolution, sample_for

pytestmark = pytest.mark.real
BACKENDS = ["onnxruntime", "openvino"]
TARGET = {"compute_capability": "8.6"}


@pytest.fixture
def build(cpu_runner):
    def built(backend, write, precision="int8", **options):
        graph = write(cpu_runner.folder / "m.onnx")
        return cpu_runner.result(cpu_runner.build_job(backend, graph, precision, **options))

    return built


def outputs(runner, backend, result, sample):
    files = json.dumps({role: each["path"] for role, each in result["artifacts"].items()})
    path = runner.folder / f"{backend}.npz"
    done = subprocess.run(
        [runner.python, "-c", RUN, backend, files, sample, "{}", path],
        env=runner.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with np.load(path) as arrays:
        return json.loads(done.stdout), arrays["arr_0"]


def test_onnx_runtime_computes_in_integers(build):
    result = build("onnxruntime", quantized)
    assert result["outcome"] == "ok", result["reason"]
    facts = result["facts"]["engine"]
    assert facts["heavy_precisions"] == {"int8": 2, "fp32": 1}
    assert facts["unsigned_activations"] == 3
    assert facts["elsewhere"] == []


def test_openvino_computes_in_integers(build):
    result = build("openvino", quantized)
    assert result["outcome"] == "ok", result["reason"]
    assert in_integers(result["facts"]["engine"]) == (2, {"f32": 1})
    assert result["facts"]["engine"]["unsigned_activations"] == 3


def in_integers(facts):
    """How many heavy layers run in integers, whatever their sign; in what the others do."""
    found = dict(facts["layer_precisions"])
    return sum(found.pop(name, 0) for name in ("i8", "u8")), found


@pytest.mark.parametrize("concat", [False, True])
def test_both_compute_what_the_graph_says(cpu_runner, build, concat):
    write = partial(quantized, concat=concat)
    sample, values = sample_for(cpu_runner.folder, (1, 3, 16, 16))
    wanted = by_hand(write(cpu_runner.folder / "m.onnx"), values)
    for backend in BACKENDS:
        result = build(backend, write)
        said, found = outputs(cpu_runner, backend, result, sample)
        step = np.abs(wanted).max() / 127
        assert np.abs(found - wanted).max() < 3 * step, backend
        assert np.abs(found - wanted).mean() < step / 4, backend
        if backend == "openvino":
            assert in_integers(said["facts"]) == (2, {"f32": 1})


def by_hand(path, values):
    """Compute the graph in FP32, tensors rounded to their steps, without a runtime's kernels."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load(path)
    model.opset_import[0].version = 19  # whose Q and DQ the reference has
    return ReferenceEvaluator(model).run(None, {"x": values})[0]


@pytest.mark.parametrize(("backend", "says"), [("onnxruntime", "1 in fp32"), ("openvino", "i8")])
def test_a_graph_without_q_and_dq_is_unsupported(build, backend, says):
    result = build(backend, lambda path: convolution(path, 4, 16))
    assert result["outcome"] == "unsupported"
    assert "int8" in result["reason"] or "not in i8" in result["reason"]
    assert says in result["reason"]
    assert result["artifacts"] == {}


def test_a_launch_times_it(cpu_runner, build):
    sample, _ = sample_for(cpu_runner.folder, (1, 3, 16, 16))
    for backend in BACKENDS:
        engine = build(backend, quantized)["artifacts"]
        result = cpu_runner.result(cpu_runner.launch_job(backend, engine, sample))
        assert result["outcome"] == "ok", result["reason"]
        assert result["facts"]["outputs"][0]["dtype"] == "float32"


def test_tensorrt_rtx_builds_it_and_says_how_many_layers_take_integers(rtx_runner):
    graph = quantized(rtx_runner.folder / "m.onnx")
    result = rtx_runner.result(rtx_runner.build_job("tensorrt_rtx", graph, "int8", **TARGET))
    assert result["outcome"] == "ok", result["reason"]
    network = result["facts"]["engine"]["network"]
    assert network["heavy_types"] == {"FLOAT": 3}
    assert network["quantized_heavy"] == 2
