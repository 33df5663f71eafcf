"""Operations of graphs, counted by hand."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from retable_export.flops import gflops


def model(nodes, inputs, outputs, **constants):
    """A graph of named floats: name -> shape, whose sizes may be names."""

    def values(shapes):
        return [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ]

    weights = [
        numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in constants.items()
    ]
    graph = helper.make_graph(nodes, "counted", values(inputs), values(outputs), weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def node(kind, *inputs, **attributes):
    return helper.make_node(kind, inputs, ["y"], **attributes)


@pytest.mark.parametrize(
    ("made", "inputs", "output", "constants", "operations"),
    [
        # 8x10 of 6 channels from 16x20 of 4, kernel 3x3, stride 2: each output takes 4 * 9 products
        (node("Conv", "x", "w", strides=[2, 2], pads=[1, 1, 1, 1]),
         {"x": [2, 4, 16, 20]}, [2, 6, 8, 10], {"w": [6, 4, 3, 3]}, 2 * 2 * 6 * 80 * 36),
        # In groups of one channel, 9 products
        (node("Conv", "x", "w", group=4, pads=[1, 1, 1, 1]),
         {"x": [1, 4, 16, 20]}, [1, 4, 16, 20], {"w": [4, 1, 3, 3]}, 2 * 4 * 320 * 9),
        # Each of 4 * 80 inputs goes into 2 * 2 pixels of 6 channels
        (node("ConvTranspose", "x", "w", strides=[2, 2]),
         {"x": [1, 4, 8, 10]}, [1, 6, 16, 20], {"w": [4, 6, 2, 2]}, 2 * 320 * 24),
        (node("MatMul", "x", "z"),
         {"x": [2, 3, 5], "z": [2, 5, 7]}, [2, 3, 7], {}, 2 * 2 * 3 * 5 * 7),
        (node("Gemm", "x", "w"), {"x": [3, 5]}, [3, 7], {"w": [5, 7]}, 2 * 3 * 5 * 7),
        (node("Gemm", "x", "w", transA=1), {"x": [5, 3]}, [3, 7], {"w": [5, 7]}, 2 * 3 * 5 * 7),
        (node("Relu", "x"), {"x": [3, 5]}, [3, 5], {}, 0),
    ],
)  # fmt: skip
def test_products_and_sums_are_counted(made, inputs, output, constants, operations):
    counted = gflops(model([made], inputs, {"y": output}, **constants))
    assert counted == pytest.approx(operations * 1e-9)


def test_sizes_inside_the_graph_are_inferred():
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c", "w"], ["y"], pads=[1, 1, 1, 1]),
    ]
    shape = [1, 4, 8, 8]
    counted = gflops(model(nodes, {"x": shape}, {"y": shape}, w=[4, 4, 3, 3]))
    assert counted == pytest.approx(2 * 2e-9 * 4 * 64 * 36)


def test_of_an_open_size_nothing_is_said():
    made = node("Conv", "x", "w")
    shape = ["batch", 4, 8, 8]
    assert gflops(model([made], {"x": shape}, {"y": shape}, w=[4, 4, 1, 1])) is None


def test_of_a_body_that_runs_as_often_as_it_likes_nothing_is_said():
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["inner"])],
        "body",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [4])],
    )
    made = [
        helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["yes"], ["y"], then_branch=body, else_branch=body),
    ]
    assert gflops(model(made, {"x": [4]}, {"y": [4]})) is None
