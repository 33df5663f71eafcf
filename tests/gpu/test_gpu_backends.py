"""The CUDA backends on a real GPU: what they compute, what they are timed as, how they end."""

import os
import statistics

import numpy as np
import pytest

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(600)]

FIELDS = {"latency_sync", "latency_sum", "gpu_compute", "h2d", "d2h"}
TOLERANCE = {"fp32": 1e-3, "fp16": 0.1}  # of the logits' scale; random weights amplify rounding


def built(gpu, backend, tail="none", precision="fp32"):
    source = (
        gpu.network.native if backend == "torch" else {"onnx": gpu.network.graph(tail, precision)}
    )
    result = gpu.build(backend, source, precision)
    assert result["outcome"] == "ok", result["reason"]
    return result


def relative(found, wanted):
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize(
    ("backend", "precision", "options"),
    [
        ("onnxruntime-cuda", "fp32", {}),
        ("onnxruntime-cuda", "fp32", {"cuda_graph": True}),
        ("onnxruntime-cuda", "fp16", {}),
        ("torch", "fp32", {"mode": "eager"}),
        ("torch", "fp32", {"mode": "cuda_graph"}),
        ("torch", "fp32", {"mode": "compile"}),
        ("torch", "fp32", {"mode": "compile_cuda_graph"}),
    ],
)
def test_every_run_and_both_bindings_give_the_networks_output(gpu, backend, precision, options):
    engine = built(gpu, backend, precision=precision)["artifacts"]
    outputs = gpu.outputs(backend, engine, **options)
    assert set(outputs) == {"run0", "run1", "run2", "pipe0", "pipe1"}
    print({name: relative(found, gpu.network.logits) for name, found in outputs.items()})
    for name, found in outputs.items():
        assert found.dtype == np.float32
        assert relative(found, gpu.network.logits) < TOLERANCE[precision], name


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("tail", ["argmax", "fused_argmax", "reducemax", "fused_reducemax"])
def test_tails_run_on_the_gpu_or_say_which_node_does_not(gpu, tail, precision):
    made = built(gpu, "onnxruntime-cuda", tail, precision)
    facts = made["facts"]["engine"]
    print(tail, precision, facts)
    assert set(facts["heavy_precisions"]) == {precision}
    assert facts["nodes"]["CUDAExecutionProvider"] > 30
    assert bool(facts["copies"]) == bool(facts["elsewhere"])
    found = gpu.outputs("onnxruntime-cuda", made["artifacts"])["run2"]
    wanted = gpu.network.logits
    if tail == "argmax":
        agreement = float(np.mean(found[:, 0] == wanted.argmax(1)))
        assert agreement > (0.999 if precision == "fp32" else 0.9)
    elif tail == "reducemax":
        assert relative(found[:, 0], wanted.max(1)) < TOLERANCE[precision]


@pytest.mark.parametrize(
    ("backend", "options"),
    [("onnxruntime-cuda", {}), ("torch", {"mode": "eager"}), ("torch", {"mode": "compile"})],
)
def test_a_launch_tells_where_the_time_goes(gpu, device, backend, options):
    engine = built(gpu, backend)["artifacts"]
    result = gpu.launch(backend, engine, **options)
    assert result["outcome"] == "ok", result["reason"]
    samples, facts = result["samples"], result["facts"]
    assert set(samples) == FIELDS | {"latency_pipe", "latency_run", "latency_run_d2h"}
    count = facts["iterations"]
    assert all(len(samples[field]) == count for field in FIELDS)
    median = {field: statistics.median(values) for field, values in samples.items()}
    print(backend, options, median, facts)
    parts = median["h2d"] + median["gpu_compute"] + median["d2h"]
    assert median["latency_sum"] == pytest.approx(parts, rel=0.1)
    assert median["latency_sync"] >= median["latency_sum"] * 0.98
    assert median["latency_pipe"] >= median["latency_sum"] * 0.5
    assert median["latency_run_d2h"] > median["latency_run"] > 0
    bytes_in, bytes_out = 3 * 384 * 576 * 4, 19 * 384 * 576 * 4
    for field, size in (("h2d", bytes_in), ("d2h", bytes_out)):
        rate = size / (median[field] * 1e-3)
        assert 1e9 < rate < 200e9, (field, rate)  # pinned, over PCIe or NVLink-C2C
    assert facts["memory"] == "device"
    assert facts["engine"]["gpu"] == device
    if backend == "torch":
        convolutions = facts["engine"]["convolutions"]
        assert convolutions == {"count": 45, "tf32": 0, "autotuned": 45}
    # Compiled before anything was timed, and once: the first call finds nothing left to do.
    compiled = options.get("mode") == "compile"
    assert ("compile_ms" in facts["engine"]) == compiled
    assert not compiled or facts["engine"]["compile_ms"] > 10 * facts["first_call_ms"]
    assert {"pycuda", "cuda-driver"} <= set(result["versions"])


def test_a_post_follows_on_the_host(gpu):
    engine = built(gpu, "onnxruntime-cuda")["artifacts"]
    result = gpu.launch("onnxruntime-cuda", engine, post="numpy_argmax")
    samples = result["samples"]
    assert set(samples) == FIELDS | {"host_post"}
    assert len(samples["host_post"]) == len(samples["latency_sync"])


TORCH_POSTS = {  # behind which tail, and what comes of it
    "torch_max": "interpolate_softmax",
    "torch_interpolate_softmax": "none",
    "torch_interpolate_softmax_max": "none",
}


@pytest.mark.parametrize("options", [{}, {"cuda_graph": True}])
@pytest.mark.parametrize("post", TORCH_POSTS)
def test_a_post_in_torch_runs_where_the_engine_left_its_output(gpu, post, options):
    engine = built(gpu, "onnxruntime-cuda", TORCH_POSTS[post])["artifacts"]
    result = gpu.launch("onnxruntime-cuda", engine, post=post, **options)
    assert result["outcome"] == "ok", result["reason"]
    samples, facts = result["samples"], result["facts"]
    assert set(samples) == FIELDS | {"post"}
    assert facts["engine"]["post"] == {"on": "device"}
    assert "torch" in result["versions"]
    median = {field: statistics.median(values) for field, values in samples.items()}
    print(post, options, median)
    parts = sum(median[field] for field in ("h2d", "gpu_compute", "post", "d2h"))
    assert median["latency_sum"] == pytest.approx(parts, rel=0.1)
    assert median["latency_sync"] >= median["latency_sum"] * 0.98
    # Labels (8 bytes) and their score come to the host, or all scores: not the engine's output.
    pixels = 384 * 576
    size = pixels * 4 * 19 if post == "torch_interpolate_softmax" else pixels * 12
    assert 1e9 < size / (median["d2h"] * 1e-3) < 200e9


@pytest.mark.parametrize("post", TORCH_POSTS)
def test_a_post_in_torch_computes_of_the_networks_output_what_it_should(gpu, post):
    engine = built(gpu, "onnxruntime-cuda", TORCH_POSTS[post])["artifacts"]
    found = list(gpu.followed("onnxruntime-cuda", engine, post).values())
    powers = np.exp(gpu.network.logits - gpu.network.logits.max(1, keepdims=True))
    probabilities = powers / powers.sum(1, keepdims=True)
    if post == "torch_interpolate_softmax":
        assert np.abs(found[0] - probabilities).max() < TOLERANCE["fp32"]
    else:
        values, labels = found
        assert np.abs(values[:, 0] - probabilities.max(1)).max() < TOLERANCE["fp32"]
        assert np.mean(labels[:, 0] == probabilities.argmax(1)) > 0.999


def test_a_replayed_graph_is_timed_as_well(gpu):
    engine = built(gpu, "onnxruntime-cuda")["artifacts"]
    for options in ({}, {"cuda_graph": True}):
        result = gpu.launch("onnxruntime-cuda", engine, **options)
        assert result["outcome"] == "ok", result["reason"]
        used = result["facts"]["engine"]["provider_options"]
        assert used["enable_cuda_graph"] == str(len(options))
        assert used["use_tf32"] == "0"
        print(options, {name: statistics.median(one) for name, one in result["samples"].items()})


def test_a_sample_that_does_not_fit_has_crashed_with_both_sizes(gpu, tmp_path):
    engine = built(gpu, "onnxruntime-cuda")["artifacts"]
    path = tmp_path / "other.npz"
    np.savez(path, image=np.zeros((1, 3, 192, 192), np.float32))
    network, gpu.network = gpu.network, type("Other", (), {"sample": gpu.described(path)})
    result = gpu.launch("onnxruntime-cuda", engine)
    gpu.network = network
    assert result["outcome"] == "crashed"
    assert "[1, 3, 384, 576]" in result["reason"]


def test_without_a_visible_device_a_launch_is_unavailable(gpu, monkeypatch):
    engine = built(gpu, "onnxruntime-cuda")["artifacts"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    result = gpu.launch("onnxruntime-cuda", engine)
    assert result["outcome"] == "unavailable", result["reason"]
    assert "no CUDA device" in result["reason"]


def test_what_torch_cannot_read_as_an_exported_program_is_unsupported(gpu):
    files = built(gpu, "torch")["artifacts"]
    path = gpu.folder / "engine" / "engine.pt2"
    path.write_bytes(path.read_bytes()[:4096])
    result = gpu.launch("torch", {**files, "exported": gpu.described(path)}, mode="compile")
    assert result["outcome"] == "unsupported", result["reason"]
    assert "cannot read the exported program" in result["reason"]


def test_without_triton_or_a_c_compiler_torch_compile_is_unavailable(gpu, monkeypatch, tmp_path):
    engine = built(gpu, "torch")["artifacts"]
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(tmp_path))
        patched.delenv("CC", raising=False)
        result = gpu.launch("torch", engine, mode="compile")
    assert (result["outcome"], result["reason"]) == (
        "unavailable",
        "torch.compile needs a C compiler, and there is none",
    )
    (tmp_path / "triton.py").write_text("raise ImportError('hidden by a test')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    result = gpu.launch("torch", engine, mode="compile")
    assert (result["outcome"], result["reason"]) == (
        "unavailable",
        "torch.compile needs Triton, and there is none for this GPU",
    )


def test_no_cuda_graph_is_made_of_a_graph_that_needs_the_cpu(gpu):
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info
    nodes = [
        onnx.helper.make_node("Relu", ["x"], ["y"]),
        onnx.helper.make_node("Det", ["y"], ["z"]),  # has no kernel for CUDA
    ]
    graph = onnx.helper.make_graph(nodes, "det", [value("x", 1, [2, 3, 3])], [value("z", 1, [2])])
    path = gpu.folder / "det.onnx"
    opset = [onnx.helper.make_opsetid("", 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=7), path)
    source = {"onnx": gpu.described(path)}
    plain = gpu.build("onnxruntime-cuda", source)
    assert plain["outcome"] == "ok", plain["reason"]
    assert [node.split()[0] for node in plain["facts"]["engine"]["elsewhere"]] == ["Det"]
    result = gpu.build("onnxruntime-cuda", source, cuda_graph=True)
    assert result["outcome"] == "unsupported", result["reason"]
    assert "nodes of this graph run on the CPU: Det" in result["reason"]
