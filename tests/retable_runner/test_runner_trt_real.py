"""TensorRT-RTX as it is: it parses, and builds for GPUs that are not here."""

import json
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.real
onnx = pytest.importorskip("onnx")
TARGET = {"compute_capability": "8.6"}

# In the environment: load a file as an engine; tell what is raised. No GPU is looked at before.
LOAD = """
import sys, tensorrt_rtx
from retable_runner.trt import engine
try:
    engine.load(tensorrt_rtx, {"engine": sys.argv[1]}, None)
except Exception as error:
    print(type(error).__name__, error)
"""


def model(path, nodes, shape=(1, 3, 8, 8), output=(1, 4, 8, 8), domain="", **constants):
    """Write a graph from x to y at opset 13; sizes that are names are open."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", floats, list(shape))],
        [helper.make_tensor_value_info("y", floats, list(output))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("odd", 1)]
    made = helper.make_model(graph, opset_imports=opsets)
    made.ir_version = 8
    onnx.save(made, path)
    return path


def kernel(dtype=np.float32):
    return np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(dtype)


def node(kind, inputs, output, **attributes):
    return onnx.helper.make_node(kind, inputs, [output], **attributes)


def convolution(path, **sizes):
    return model(path, [node("Conv", ["x", "k"], "y", pads=[1] * 4)], k=kernel(), **sizes)


def half(path):
    """Write the convolution in FP16, between casts."""
    nodes = [
        node("Cast", ["x"], "h", to=onnx.TensorProto.FLOAT16),
        node("Conv", ["h", "k"], "c", pads=[1] * 4),
        node("Cast", ["c"], "y", to=onnx.TensorProto.FLOAT),
    ]
    return model(path, nodes, k=kernel(np.float16))


def quantized(path):
    """Write the convolution with Q/DQ nodes at its input and, by channel, at its kernel."""
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "xq"),
        node("DequantizeLinear", ["xq", "s", "z"], "xd"),
        node("QuantizeLinear", ["k", "ks", "kz"], "kq", axis=0),
        node("DequantizeLinear", ["kq", "ks", "kz"], "kd", axis=0),
        node("Conv", ["xd", "kd"], "y", pads=[1] * 4),
    ]
    scales = {"s": np.float32(0.1), "ks": np.full(4, 0.05, np.float32)}
    zeros = {"z": np.int8(0), "kz": np.zeros(4, np.int8)}
    scalars = {name: np.array(value) for name, value in {**scales, **zeros}.items()}
    return model(path, nodes, k=kernel(), **scalars)


@pytest.fixture
def build(rtx_runner):
    """Build a graph in the environment; return the result."""

    def built(write, precision="fp32", **options):
        graph = write(rtx_runner.folder / "m.onnx")
        job = rtx_runner.build_job("tensorrt_rtx", graph, precision, **{**TARGET, **options})
        return rtx_runner.result(job)

    return built


def refused(result, outcome):
    assert result["outcome"] == outcome, result
    assert result["artifacts"] == {}
    return result["reason"]


@pytest.mark.parametrize("capability", ["7.5", "8.6", "8.9", "12.0"])
def test_it_builds_for_gpus_that_are_not_here(build, capability):
    result = build(convolution, compute_capability=capability)
    assert result["outcome"] == "ok", result["reason"]
    assert set(result["artifacts"]) == {"engine"}
    assert result["artifacts"]["engine"]["bytes"] > 10_000
    facts = result["facts"]["engine"]
    assert facts["compute_capability"] == capability
    assert facts["network"] == {
        "layers": 1,
        "quantizing_layers": 0,
        "heavy_types": {"FLOAT": 1},
        "quantized_heavy": 0,
    }
    assert (facts["flags"], facts["strongly_typed"]) == ([], True)
    assert result["versions"]["tensorrt-rtx"] == facts["tensorrt"]


def test_engines_for_two_gpus_differ(build):
    made = [build(convolution, compute_capability=one)["artifacts"] for one in ("8.6", "12.0")]
    assert made[0]["engine"]["sha256"] != made[1]["engine"]["sha256"]


@pytest.mark.parametrize(
    ("write", "precision", "heavy"),
    [(half, "fp16", {"HALF": 1}), (quantized, "int8", {"FLOAT": 1})],
)
def test_lower_precisions_come_in_the_graph(build, write, precision, heavy):
    result = build(write, precision)
    assert result["outcome"] == "ok", result["reason"]
    network = result["facts"]["engine"]["network"]
    assert network["heavy_types"] == heavy
    assert bool(network["quantizing_layers"]) == (precision == "int8")


@pytest.mark.parametrize(
    ("write", "precision", "says"),
    [
        (convolution, "fp16", "asked for fp16, but this graph's heavy layers take 1 FLOAT"),
        (half, "fp32", "asked for fp32, but this graph's heavy layers take 1 HALF"),
        (convolution, "int8", "graphs with Q/DQ nodes: this one has none"),
        (convolution, "fp8", "is asked for fp32, fp16, int8, not fp8"),
    ],
)
def test_a_graph_in_another_precision_is_unsupported(build, write, precision, says):
    assert says in refused(build(write, precision), "unsupported")


def test_a_gpu_that_it_does_not_build_for_is_unsupported(build):
    reason = refused(build(convolution, compute_capability="9.0"), "unsupported")
    assert "SM75" in reason
    assert reason.endswith("not for compute capability 9.0")


def test_without_a_target_it_builds_for_all_that_the_library_does_by_itself(build):
    result = build(convolution, compute_capability=None)
    assert result["outcome"] == "ok", result["reason"]
    assert result["facts"]["engine"]["compute_capability"] is None


def test_all_that_the_parser_rejects_is_the_reason(build):
    def odd(path):
        nodes = [node("Odd", ["x"], "o", name="first", domain="odd"), node("Det", ["o"], "y")]
        return model(path, nodes, output=(1, 3))

    reason = refused(build(odd), "build_failed")
    assert reason.startswith("node 0 'first' (Odd): ")
    assert "Plugin not found" in reason
    assert "; node 1 (Det): " in reason
    assert reason.endswith("(UNSUPPORTED_NODE)")


def test_a_file_that_is_no_onnx_is_said(build):
    def junk(path):
        path.write_bytes(b"not a model")
        return path

    assert "Failed to parse the ONNX model" in refused(build(junk), "build_failed")


def test_open_sizes_need_a_profile_and_get_one(build):
    def open_sizes(path):
        return convolution(path, shape=(1, 3, "h", "w"), output=(1, 4, "h", "w"))

    assert "x has open sizes (1x3x?x?)" in refused(build(open_sizes), "unsupported").replace(
        "input 'x'", "x"
    )
    shapes = {"opt_shapes": "x:1x3x16x16", "min_shapes": "x:1x3x8x8", "max_shapes": "x:1x3x32x16"}
    result = build(open_sizes, **shapes)
    assert result["outcome"] == "ok", result["reason"]
    profile = {"x": [[1, 3, 8, 8], [1, 3, 16, 16], [1, 3, 32, 16]]}
    assert result["facts"]["engine"]["profile"] == profile


def test_the_workspace_is_the_options_and_too_small_a_one_is_said(build):
    facts = build(convolution, workspace_mib=64)["facts"]["engine"]
    assert (facts["workspace_mib"], facts["workspace_tried_mib"]) == (64, [64])
    reason = refused(build(convolution, workspace_mib=1 / (1 << 20)), "build_failed")
    assert "within workspace limit" in reason


def test_too_little_memory_is_an_outcome(rtx_runner):
    # Weights of 128 MiB, so that it is the parser that meets the limit, and not an import.
    weights = np.ones((8192, 4096), np.float32)
    graph = model(
        rtx_runner.folder / "m.onnx",
        [node("MatMul", ["x", "w"], "y")],
        shape=(1, 8192),
        output=(1, 4096),
        w=weights,
    )
    job = rtx_runner.build_job("tensorrt_rtx", graph, **TARGET)

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (300 << 20, 300 << 20))

    result = rtx_runner.result(job, preexec_fn=limit)
    assert result["outcome"] == "out_of_memory", result["reason"]


def truncated(content):
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (truncated, "plan.header.size == blobSize failed"),
        (lambda content: content[:20], "bufferSize >= minBufferSize failed"),
        (lambda content: b"x" * len(content), "incompatible serialization version"),
        (lambda content: b"", "the file is empty"),
    ],
)
def test_a_damaged_engine_is_refused_with_the_librarys_words(build, rtx_runner, damage, says):
    engine = build(convolution)["artifacts"]["engine"]["path"]
    path = rtx_runner.folder / "damaged.plan"
    path.write_bytes(damage(Path(engine).read_bytes()))
    done = subprocess.run(
        [rtx_runner.python, "-c", LOAD, path],
        env=rtx_runner.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("RuntimeError TensorRT 1.")
    assert "cannot load this engine: " in done.stdout
    assert says in done.stdout


def test_without_a_gpu_a_launch_says_what_lacks(build, rtx_runner, sample):
    engine = build(convolution)["artifacts"]
    result = rtx_runner.result(rtx_runner.launch_job("tensorrt_rtx", engine, sample, **TARGET))
    assert result["outcome"] == "unavailable"
    assert "pycuda" in result["reason"]
    assert json.dumps(result["samples"]) == "{}"
