"""The precision FP16: what it changes of a graph, what it leaves, and how near it stays."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from retable.jobs.precision import PrecisionJob
from retable_export import graphs, plugins
from retable_export.errors import JobError

TAILS = ("none", "argmax", "fused_argmax", "reducemax", "fused_reducemax")


def job(folder, source, precision="fp16"):
    return PrecisionJob(precision=precision, source=source, onnx=str(folder / f"{precision}.onnx"))


def chained(*names):
    """A graph of Relus, named for their outputs, in the order given: y reads x, z reads y."""
    nodes = [helper.make_node("Relu", [chr(ord(name) - 1)], [name]) for name in names]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        for name in (chr(ord(min(names)) - 1), max(names))
    ]
    graph = helper.make_graph(nodes, "chained", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def test_a_precision_is_found_by_listing():
    assert plugins.names("precisions") == ["fp16", "int8"]


def test_without_its_converter_the_precision_is_unavailable(null_results, chain_in, tmp_path):
    pytest.importorskip("onnx")
    chain = chain_in(tmp_path, "null")
    result = chain.run(job(tmp_path, null_results["none"].artifacts["onnx"]))
    if result.outcome == "ok":
        assert "onnxruntime" in result.versions
    else:
        assert result.outcome == "unavailable"
        assert result.reason.startswith("precision fp16 cannot run in this environment: ")
        assert "onnxruntime" in result.reason


def test_a_precision_without_a_file_is_unavailable(null_results, chain_in, tmp_path):
    chain = chain_in(tmp_path, "null")
    result = chain.run(job(tmp_path, null_results["none"].artifacts["onnx"], "fp4"))
    assert result.outcome == "unavailable"
    assert "no precision 'fp4': retable_export/precisions/ has fp16, int8" in result.reason


@pytest.mark.parametrize("names", ["bcdef", "fedcb", "cbfed"])
def test_nodes_are_put_behind_what_they_read(names):
    made = graphs.in_order(chained(*names))
    assert "".join(node.output[0] for node in made.graph.node) == "bcdef"
    onnx.checker.check_model(made)


def test_a_sorted_graph_stays_as_it_is():
    graph = chained(*"bcd")
    graph.graph.node.append(helper.make_node("Relu", ["a"], ["other"]))
    before = graph.SerializeToString(deterministic=True)
    assert graphs.in_order(graph).SerializeToString(deterministic=True) == before


def test_a_cycle_is_refused():
    graph = chained(*"bcd")
    graph.graph.node[0].input[0] = "d"
    with pytest.raises(JobError, match="cycle through "):
        graphs.in_order(graph)


@pytest.fixture(scope="module")
def converted(chain_in, torch_python, tmp_path_factory):
    """The null network and its tails in FP16, by the real converter: (chain, results)."""
    chain = chain_in(tmp_path_factory.mktemp("fp16"), "null", torch_python)
    results = chain.everything(64, 96)
    for tail in TAILS:
        graph = results[tail].artifacts["onnx"]
        results[f"{tail}/fp16"] = chain.run(job(chain.folder / tail, graph))
        made = results[f"{tail}/fp16"].artifacts["onnx"]
        results[f"fidelity/{tail}/fp16"] = chain.fidelity(tail, made, results)
    return chain, results


@pytest.mark.real
@pytest.mark.parametrize("tail", TAILS)
def test_a_graph_in_fp16_takes_and_gives_what_it_did(converted, tail):
    _, results = converted
    source, made = results[tail], results[f"{tail}/fp16"]
    assert made.outcome == "ok", made.reason
    for key in ("inputs", "outputs", "opset"):
        assert made.facts[key] == source.facts[key]
    assert made.facts["clipped"] == 0
    assert made.facts["fp32_nodes"] == []
    model = onnx.load(made.artifacts["onnx"].path)
    onnx.checker.check_model(model, full_check=True)
    weights = {one.name: one.data_type for one in model.graph.initializer}
    assert weights["weight"] == weights["bias"] == TensorProto.FLOAT16
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    types = {one.name: one.type.tensor_type.elem_type for one in inferred.graph.value_info}
    assert types["low"] == types["scores"] == TensorProto.FLOAT16


@pytest.mark.real
def test_a_graph_in_fp16_computes_nearly_the_same(converted):
    _, results = converted
    facts = {tail: results[f"fidelity/{tail}/fp16"].facts for tail in TAILS}
    assert 1e-6 < facts["none"]["relative"] < 1e-2  # it is another graph, and a near one
    assert facts["reducemax"]["relative"] < 1e-2
    assert facts["fused_reducemax"]["against_definition"] < 1e-2 * facts["none"]["scale"]
    assert facts["argmax"]["agreement"] > 0.99
    assert facts["fused_argmax"]["against_definition"] > 0.99


@pytest.mark.real
def test_the_same_job_gives_the_same_bytes(converted, tmp_path):
    chain, results = converted
    for tail in TAILS:
        again = chain.run(job(tmp_path, results[tail].artifacts["onnx"]))
        assert again.artifacts["onnx"].sha256 == results[f"{tail}/fp16"].artifacts["onnx"].sha256


@pytest.mark.real
def test_weights_beyond_the_range_are_clipped_and_counted(converted, tmp_path):
    chain, results = converted
    model = onnx.load(results["none"].artifacts["onnx"].path)
    (weight,) = [one for one in model.graph.initializer if one.name == "weight"]
    values = numpy_helper.to_array(weight).copy()
    values.reshape(-1)[:2] = 1e5, -1e6
    weight.CopyFrom(numpy_helper.from_array(values, "weight"))
    path = tmp_path / "large.onnx"
    graphs.save(model, path)
    from retable_export.contract import artifact

    result = chain.run(job(tmp_path, artifact(path)))
    assert result.facts["clipped"] == 2
    made = onnx.load(result.artifacts["onnx"].path)
    (half,) = [one for one in made.graph.initializer if one.name == "weight"]
    assert np.abs(numpy_helper.to_array(half)).max() == np.finfo(np.float16).max
