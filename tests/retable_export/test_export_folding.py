"""Sizes that a graph computes of itself, and the shapes that are known once they are constants."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from retable_export import folding, graphs, pooling


def sized_by_itself() -> onnx.ModelProto:
    """x -> Reshape to (0, c, h, w) of x's own Shape -> Resize to twice of it, through a Cast."""
    constants = {
        "two": np.array([2], np.int64),
        "four": np.array([4], np.int64),
        "flat": np.array([1, 3, -1], np.int64),
        "front": np.array([0, 3], np.int64),
        "factor": np.array([2, 2], np.float32),
        "batch": np.array([1, 3], np.int64),
    }
    nodes = [
        helper.make_node("Reshape", ["x", "flat"], ["line"]),
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "two", "four"], ["size"]),
        helper.make_node("Concat", ["front", "size"], ["whole"], axis=0),
        helper.make_node("Reshape", ["line", "whole"], ["again"]),
        helper.make_node("Cast", ["size"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["real", "factor"], ["twice"]),
        helper.make_node("Cast", ["twice"], ["integer"], to=TensorProto.INT64),
        helper.make_node("Concat", ["batch", "integer"], ["sizes"], axis=0),
        helper.make_node("Resize", ["again", "", "", "sizes"], ["y"], mode="nearest"),
    ]
    graph = helper.make_graph(
        nodes,
        "sized",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 8, 12])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def test_sizes_become_constants_and_the_graph_computes_the_same():
    model = sized_by_itself()
    before = model.SerializeToString()
    folded = folding.fold(model)
    onnx.checker.check_model(folded, full_check=True)
    assert [node.op_type for node in folded.graph.node] == ["Reshape", "Reshape", "Resize"]
    assert model.SerializeToString() == before
    x = np.random.RandomState(0).rand(1, 3, 4, 6).astype(np.float32)
    (wanted,), (found,) = (ReferenceEvaluator(one).run(None, {"x": x}) for one in (model, folded))
    np.testing.assert_array_equal(found, wanted)
    assert pooling._shapes(folded)["again"] == [1, 3, 4, 6]


def test_an_input_of_open_size_is_left_to_the_graph():
    model = sized_by_itself()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    kinds = [node.op_type for node in folding.fold(model).graph.node]
    assert "Shape" in kinds
    assert not graphs.is_fixed(model.graph.input[0])


def test_weights_stay_as_they_are():
    weights = np.arange(100, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(weights)),
            helper.make_node("Add", ["w", "w"], ["double"]),
            helper.make_node("Add", ["x", "double"], ["y"]),
        ],
        "weights",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [100])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [100])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    assert [node.op_type for node in folding.fold(model).graph.node] == ["Constant", "Add", "Add"]
