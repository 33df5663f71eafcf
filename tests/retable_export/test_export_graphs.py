"""The clean-ups that every exported graph gets."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from retable_export import graphs


def test_nodes_that_only_rename_go_but_for_one_that_makes_an_output():
    nodes = [
        helper.make_node("Identity", ["weight"], ["same"]),
        helper.make_node("Identity", ["same"], ["again"]),
        helper.make_node("Conv", ["x", "weight"], ["first"]),
        helper.make_node("Conv", ["first", "again"], ["second"]),
        helper.make_node("Identity", ["second"], ["y"]),
    ]
    shape = [1, 2, 4, 4]
    weight = np.arange(4, dtype=np.float32).reshape(2, 2, 1, 1)
    graph = helper.make_graph(
        nodes,
        "renaming",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    feeds = {"x": np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
    [before] = ReferenceEvaluator(model).run(None, feeds)
    made = graphs.without_identities(model)
    assert [node.op_type for node in made.graph.node] == ["Conv", "Conv", "Identity"]
    assert [list(node.input)[1:] for node in made.graph.node[:2]] == [["weight"], ["weight"]]
    [after] = ReferenceEvaluator(made).run(None, feeds)
    np.testing.assert_array_equal(after, before)
