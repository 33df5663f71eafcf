"""The TensorRT code without TensorRT: its own decisions, and its ways with version 8.0."""

import json
import types
from pathlib import Path

import numpy as np
import pytest
import tensorrt_8_0

from retable_runner import cuda
from retable_runner.errors import Unsupported
from retable_runner.trt import build as building
from retable_runner.trt import engine as running
from retable_runner.trt import library
from retable_runner.trt.bindings import NumberedBindings

MIB = 1 << 20


# Workspaces


@pytest.mark.parametrize(
    ("first", "then"),
    [(256 * MIB, [256, 64, 16, 4]), (16 * MIB, [16, 4, 1]), (MIB, [1]), (MIB // 2, [0.5])],
)
def test_workspaces_shrink_to_a_quarter_and_not_below_a_mebibyte(first, then):
    assert [limit / MIB for limit in building.workspaces(first)] == then


@pytest.mark.parametrize(
    ("message", "tells"),
    [
        # As users of TensorRT 7, 8.0, 8.5 and RTX reported them, and errors of other kinds.
        ("C:\\source\\rtSafe\\safeRuntime.cpp (25) - Cuda Error in allocate: 2 (out of memory)", 1),
        ("2: [virtualMemoryBuffer.cpp::resizePhysical::160] Error Code 2: OutOfMemory (no fu", 1),
        ("Requested amount of GPU memory (4294967296 bytes) could not be allocated. There may", 1),
        ("[defaultAllocator.cpp::allocate::20] Error Code 1: Cuda Runtime (out of memory)", 1),
        ("10: [optimizer.cpp::computeCosts::2011] Error Code 10: Could not find any impleme", 0),
        ("Tactic Selection: no tactics to implement the operation within workspace limit.", 0),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(message, tells):
    assert building.lacks_memory(message) == bool(tells)


# Open sizes


def test_a_profile_is_read_as_trtexec_writes_it():
    options = {
        "min_shapes": "image:1x3x100x100",
        "opt_shapes": "image:1x3x512x1024,other:2",
        "max_shapes": "image:1x3x2000x3000",
    }
    least, usual, most = building.profile_shapes("image", (1, 3, None, None), options)
    assert (least, usual, most) == ((1, 3, 100, 100), (1, 3, 512, 1024), (1, 3, 2000, 3000))
    assert building.profile_shapes("other", (None,), options) == ((2,), (2,), (2,))
    assert building.parsed_shapes("a:b:0:1x2") == {"a:b:0": (1, 2)}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "input 'x' has open sizes (1x3x?x?), and the option opt_shapes does not name it"),
        ({"opt_shapes": "y:1x3x8x8"}, "does not name it"),
        ({"opt_shapes": "x:1x3x8"}, "does not fit"),
        ({"opt_shapes": "x:2x3x8x8"}, "does not fit"),
        ({"opt_shapes": "x:1x3x8x8", "min_shapes": "x:1x3x9x8"}, "does not fit"),
        ({"opt_shapes": "x:1x3x8x8", "max_shapes": "x:1x4x9x8"}, "does not fit"),
        ({"opt_shapes": "x:1x3xax8"}, "is no shape: write NAME:"),
        ({"opt_shapes": "1x3x8x8"}, "is no shape: write NAME:"),
    ],
)
def test_a_profile_that_does_not_fit_is_said(options, says):
    with pytest.raises(Unsupported) as caught:
        building.profile_shapes("x", (1, 3, None, None), options)
    assert says in str(caught.value)


# Building with TensorRT 8.0


class Build:
    """Builds with the stand-in, in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.trt = tensorrt_8_0.module()

    def __call__(self, precision="fp32", timings=None, options=None, **graph):
        onnx = self.folder / "m.onnx"
        onnx.write_text(json.dumps({"layers": ["CONVOLUTION"], **graph}))
        sources = {"onnx": str(onnx)}
        if timings is not None:
            sources["timing_cache"] = str(self.folder / "before")
            Path(sources["timing_cache"]).write_bytes(timings)
        return building.build(self.trt, sources, precision, options or {}, str(self.folder))

    @property
    def configs(self):
        return self.trt.Builder.configs


@pytest.fixture
def build(tmp_path):
    return Build(tmp_path)


def test_fp32_on_8_0_is_without_tf32_and_in_the_workspace_of_its_trtexec(build):
    files, facts = build()
    assert Path(files["engine"]).read_bytes() == b"an engine"
    assert [config.max_workspace_size / MIB for config in build.configs] == [16]
    assert (facts["flags"], facts["strongly_typed"], facts["workspace_mib"]) == ([], False, 16)
    assert facts["network"]["layers"] == 1
    assert facts["tensorrt"] == "8.0.1.6"


def test_fp16_on_8_0_is_a_flag_on_the_fp32_graph(build):
    assert build("fp16")[1]["flags"] == ["FP16"]


def test_int8_on_8_0_is_for_graphs_with_quantizing_nodes(build):
    with pytest.raises(Unsupported, match="Q/DQ nodes: this one has none"):
        build("int8")
    _, facts = build("int8", layers=["QUANTIZE", "DEQUANTIZE", "CONVOLUTION"])
    assert facts["flags"] == ["INT8"]
    assert facts["network"]["quantized_heavy"] == 1


def test_int8_is_not_the_word_for_a_graph_that_mostly_computes_otherwise(build):
    mostly = ["QUANTIZE", "DEQUANTIZE", "CONVOLUTION", "CONVOLUTION", "CONVOLUTION"]
    with pytest.raises(Unsupported, match="of this graph's 3 heavy layers 1 takes INT8"):
        build("int8", layers=mostly)


def test_a_precision_that_there_is_not_is_unsupported(build):
    with pytest.raises(Unsupported, match="fp32, fp16, int8, not bf16"):
        build("bf16")


def test_too_large_a_workspace_is_made_smaller_and_recorded(tmp_path):
    build = Build(tmp_path)
    build.trt = tensorrt_8_0.module(free_mib=20)
    _, facts = build(options={"workspace_mib": 256})
    assert [config.max_workspace_size / MIB for config in build.configs] == [256, 64, 16]
    assert facts["workspace_tried_mib"] == [256, 64, 16]
    assert facts["workspace_mib"] == 16


def test_no_workspace_small_enough_is_a_lack_of_memory(tmp_path):
    build = Build(tmp_path)
    build.trt = tensorrt_8_0.module(free_mib=0)
    with pytest.raises(MemoryError, match="150994944 bytes.* could not be allocated"):
        build(options={"workspace_mib": 256})
    assert len(build.configs) == 4
    assert not (tmp_path / "engine.plan").exists()


def test_the_first_error_is_the_reason(build):
    with pytest.raises(RuntimeError, match="the cause$"):
        build(layers=["TOPK"])
    assert len(build.configs) == 1  # a smaller workspace would not help


def test_a_parser_without_node_names_tells_numbers(build):
    said = "node 3: No importer registered for op: Det (UNSUPPORTED_NODE)"
    with pytest.raises(RuntimeError) as caught:
        build(errors=2)
    assert str(caught.value) == f"{said}; {said}"


@pytest.mark.parametrize(
    ("before", "used", "after"),
    [(None, "new", b"+"), (b"this GPU", "reused", b"this GPU+"), (b"another GPU", "new", b"+")],
)
def test_timings_are_taken_where_they_fit_and_left_behind(build, before, used, after):
    files, facts = build(timings=before)
    assert facts["timing_cache"] == used
    assert Path(files["timing_cache"]).read_bytes() == after


def test_open_sizes_get_a_profile(build):
    options = {"opt_shapes": "x:2x3x8x8", "max_shapes": "x:8x3x8x8"}
    _, facts = build(options=options, shape=(-1, 3, 8, 8))
    assert facts["profile"] == {"x": [[2, 3, 8, 8], [2, 3, 8, 8], [8, 3, 8, 8]]}
    (config,) = build.configs
    assert config.profiles[0].shapes["x"] == ((2, 3, 8, 8), (2, 3, 8, 8), (8, 3, 8, 8))


def test_8_0_builds_for_the_gpu_that_it_finds(build):
    with pytest.raises(Unsupported, match="compute_capability is an option of TensorRT-RTX"):
        build(options={"compute_capability": "8.6"})


# Running with TensorRT 8.0


class Gpu:
    """Hands out addresses; `cuda.Gpu` needs one."""

    handle = 77
    facts = {"name": "a GPU"}

    def __init__(self):
        self.sizes = []

    def allocate(self, size_bytes):
        self.sizes.append(size_bytes)
        return 1000 * len(self.sizes)


def feeds(batch=1):
    return {"scale": np.zeros(1, np.float16), "x": np.zeros((batch, 3, 4, 4), np.float32)}


def engine_of(loaded):
    trt, words = tensorrt_8_0.module(), library.Words()
    words.errors.append("what TensorRT said")
    return running.Engine(trt, loaded, words, Gpu())


def test_numbered_bindings_are_the_engines_ports(tmp_path):
    engine = engine_of(tensorrt_8_0.Engine())
    assert engine.ports(feeds()) == (
        [cuda.Port("x", np.float32, (1, 3, 4, 4)), cuda.Port("scale", np.float16, (1,))],
        [cuda.Port("labels", np.int32, (1, 1, 4, 4))],
    )
    assert engine.facts["layers"] == 7
    assert engine.facts["scratch_bytes"] == 4096


def test_each_binding_executes_with_its_own_context_and_addresses():
    loaded = tensorrt_8_0.Engine()
    engine = engine_of(loaded)
    engine.ports(feeds())
    first, second = engine.attach([10, 20]), engine.attach([30, 40])
    assert (first(), second(), first()) == ([1000], [2000], [1000])
    *_, one, two = loaded.contexts
    # In the library's order: labels, x, scale.
    assert one.executed == [([1000, 10, 20], 77), ([1000, 10, 20], 77)]
    assert two.executed == [([2000, 30, 40], 77)]


def test_an_open_batch_takes_the_samples_size_and_has_one_binding():
    loaded = tensorrt_8_0.Engine(batch=-1)
    engine = engine_of(loaded)
    _, outputs = engine.ports(feeds(batch=4))
    assert outputs[0].shape == (4, 1, 4, 4)
    engine.attach([10, 20])
    with pytest.raises(Unsupported, match="one optimisation profile"):
        engine.attach([30, 40])


def test_a_sample_outside_the_profile_is_said():
    engine = engine_of(tensorrt_8_0.Engine(batch=-1))
    with pytest.raises(ValueError, match=r"'x' of \[9, 3, 4, 4\] is outside"):
        engine.ports(feeds(batch=9))


def test_a_sample_of_another_size_is_said():
    with pytest.raises(ValueError, match="input 'x' takes float32"):
        engine_of(tensorrt_8_0.Engine()).ports(feeds(batch=2))


def test_an_execution_that_fails_says_why():
    loaded = tensorrt_8_0.Engine()
    engine = engine_of(loaded)
    engine.ports(feeds())
    enqueue = engine.attach([10, 20])
    loaded.fails = True
    with pytest.raises(RuntimeError, match="what TensorRT said"):
        enqueue()


def test_bindings_of_further_profiles_are_left_alone():
    loaded = tensorrt_8_0.Engine()
    loaded.num_bindings, loaded.num_optimization_profiles = 6, 2
    bindings = NumberedBindings(loaded)
    assert len(bindings.inputs) + len(bindings.outputs) == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"an eng", "8.0.1.6 cannot load this engine: 1: Serialization assertion stdVersionRead"),
        (b"", "8.0.1.6 cannot load this engine: the file is empty"),
    ],
)
def test_a_file_that_is_no_engine_is_said(tmp_path, content, says):
    path = tmp_path / "engine.plan"
    path.write_bytes(content)
    with pytest.raises(RuntimeError) as caught:
        running.load(tensorrt_8_0.module(), {"engine": str(path)}, Gpu())
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("diagnostics", "kind"), [(0, RuntimeError), (2, Unsupported), (32, RuntimeError)]
)
def test_an_engine_for_other_gpus_is_unsupported(tmp_path, diagnostics, kind):
    """TensorRT-RTX tells it apart; 2 is its UNSUPPORTED_CC, 32 its MALFORMED_ENGINE."""

    class Runtime(tensorrt_8_0.Runtime):
        def get_engine_validity(self, buffer):
            return None, diagnostics

    trt = tensorrt_8_0.module()
    trt.Runtime = Runtime
    trt.EngineInvalidityDiagnostics = types.SimpleNamespace(UNSUPPORTED_CC=2)
    path = tmp_path / "engine.plan"
    path.write_bytes(b"of another GPU")
    with pytest.raises(kind, match="cannot load this engine: 1: Serialization"):
        running.load(trt, {"engine": str(path)}, Gpu())


def test_an_engine_is_loaded(tmp_path):
    path = tmp_path / "engine.plan"
    path.write_bytes(b"an engine")
    engine = running.load(tensorrt_8_0.module(), {"engine": str(path)}, Gpu())
    assert engine.facts["tensorrt"] == "8.0.1.6"
