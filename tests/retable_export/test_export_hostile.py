"""What is broken, missing or impossible ends in an outcome and one sentence, and leaves nothing."""

import hashlib
import importlib.util
from pathlib import Path

import onnx
import pytest
from onnx import helper

from retable.contract import Artifact
from retable_export import graphs
from retable_export.errors import JobError, outcome_of


def described(path: Path) -> Artifact:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Artifact(path=str(path), sha256=digest, bytes=len(content))


@pytest.fixture
def chain(chain_in, tmp_path):
    return chain_in(tmp_path, "null")


@pytest.fixture
def whole(null_results) -> Artifact:
    return null_results["none"].artifacts["onnx"]


def assert_ended(result, outcome: str, *words: str) -> None:
    assert result.outcome == outcome, result.reason
    assert "\n" not in result.reason
    assert len(result.reason) <= 500
    for word in words:
        assert word in result.reason
    assert result.artifacts == {}


def assert_nothing_left(folder: Path) -> None:
    assert [file for file in folder.rglob("*.onnx*") if file.is_file()] == []


def test_a_file_that_is_not_what_was_recorded(chain, whole, tmp_path):
    short = tmp_path / "short.bin"
    short.write_bytes(Path(whole.path).read_bytes()[:300])
    recorded = whole.model_copy(update={"path": str(short)})
    result = chain.tail("argmax", recorded)
    assert_ended(result, "build_failed", "short.bin", "recorded", "delete it")
    assert "Traceback" not in chain.log
    assert_nothing_left(tmp_path)


def test_a_file_that_is_gone(chain, whole, tmp_path):
    result = chain.tail("argmax", whole.model_copy(update={"path": str(tmp_path / "gone.bin")}))
    assert_ended(result, "build_failed", "gone.bin", "no longer there")


def test_a_truncated_graph_that_was_recorded_so(chain, whole, tmp_path):
    short = tmp_path / "short.bin"
    short.write_bytes(Path(whole.path).read_bytes()[:-20])
    result = chain.tail("argmax", described(short))
    assert_ended(result, "build_failed", "short.bin", "not a whole ONNX file", "delete it")
    assert_nothing_left(tmp_path)


def test_no_beginning_of_a_graph_passes_for_a_graph(whole, tmp_path):
    content = Path(whole.path).read_bytes()
    short = tmp_path / "short.bin"
    for length in range(0, len(content), 7):
        short.write_bytes(content[:length])
        with pytest.raises(JobError, match=r"short.bin: not a whole ONNX file"):
            graphs.load(short)


def test_a_graph_that_does_not_end_in_resize(chain, whole, tmp_path):
    model = onnx.load(whole.path)
    model.graph.node[-1].output[0] = "resized"
    model.graph.node.append(helper.make_node("Sigmoid", ["resized"], ["logits"]))
    other = tmp_path / "other.bin"
    graphs.save(model, other)
    result = chain.tail("fused_argmax", described(other))
    assert_ended(result, "unsupported", "tail fused_argmax", "Conv -> Resize", "Sigmoid")
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("tail", ["argmin", "__init__", "../export"])
def test_an_unknown_tail(chain, whole, tail, tmp_path):
    result = chain.tail(tail, whole)
    assert_ended(result, "unavailable", repr(tail), "fused_argmax")
    assert_nothing_left(tmp_path)


def test_an_unknown_exporter(chain_in, tmp_path):
    result = chain_in(tmp_path, "fast_scn").native()
    assert_ended(result, "unavailable", "'fast_scn'", "fast_scnn", "null")
    assert not (tmp_path / "native").exists()


def test_an_exporter_without_its_framework(chain_in, tmp_path):
    if importlib.util.find_spec("torch"):
        pytest.skip("this interpreter has torch")
    result = chain_in(tmp_path, "fast_scnn").native()
    assert_ended(result, "unavailable", "fast_scnn", "torch")


def test_a_size_that_the_network_cannot_take(chain, null_results, tmp_path):
    result = chain.export(null_results["native"].artifacts, 60, 96)
    assert_ended(result, "unsupported", "multiples of 8", "60x96")
    assert_nothing_left(tmp_path)


def test_official_weights_that_do_not_exist(chain):
    assert_ended(chain.native(weights="official"), "unsupported", "null", "weights: random")


def test_a_graph_that_computes_nan_is_said_to(chain, null_results, tmp_path):
    broken = onnx.load(null_results["none"].artifacts["onnx"].path)
    bias = next(one for one in broken.graph.initializer if one.name == "bias")
    values = onnx.numpy_helper.to_array(bias).copy()
    values[0] = float("nan")
    bias.CopyFrom(onnx.numpy_helper.from_array(values, "bias"))
    graphs.save(broken, tmp_path / "nan.bin")
    made = described(tmp_path / "nan.bin")
    plain = null_results["none"].model_copy(update={"artifacts": {"onnx": made}})
    result = chain.fidelity("none", made, {**null_results, "none": plain})
    assert_ended(result, "build_failed", "NaN")


def test_fidelity_of_a_tail_that_does_not_exist(chain, null_results):
    result = chain.fidelity("sum", null_results["argmax"].artifacts["onnx"], null_results)
    assert_ended(result, "unavailable", "'sum'", "argmax")


def test_foreign_exceptions_have_their_outcomes():
    assert outcome_of(ImportError("No module named 'x'"))[0] == "unavailable"
    assert outcome_of(MemoryError())[0] == "out_of_memory"
    assert outcome_of(RuntimeError("DefaultCPUAllocator: can't allocate memory"))[0] == (
        "out_of_memory"
    )
    outcome, reason = outcome_of(RuntimeError("first line\nsecond line " + "x" * 1000))
    assert outcome == "build_failed"
    assert reason.startswith("RuntimeError: first line second line")
    assert len(reason) < 450
