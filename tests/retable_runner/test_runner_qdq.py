"""Unsigned activations for CPUs: which, with which zero point, and to what effect."""

import numpy as np
import pytest

from retable_runner import qdq

onnx = pytest.importorskip("onnx")


def node(kind, inputs, output, **attributes):
    return onnx.helper.make_node(kind, inputs, [output], **attributes)


def pair(tensor, scale="s", zero="z", **attributes):
    """Nodes Q and DQ behind a tensor: t -> t_q -> t_dq."""
    return [
        node("QuantizeLinear", [tensor, scale, zero], tensor + "_q", **attributes),
        node("DequantizeLinear", [tensor + "_q", scale, zero], tensor + "_dq", **attributes),
    ]


def quantized(path, relu=True, channels=4, concat=False):
    """Write x -> Conv -> (Relu) -> Conv -> Conv, the first two between Q/DQ, at opset 13.

    With `concat`, the second takes x as well.
    """
    random = np.random.RandomState(0)
    middle = "r" if relu else "c"
    joined = [node("Concat", [middle + "_dq", "x_dq"], "j", axis=1), *pair("j", "rs")]
    nodes = [
        *pair("x"),
        *pair("k", "ks", "kz", axis=0),
        node("Conv", ["x_dq", "k_dq", "b"], "c", pads=[1] * 4),
        *([node("Relu", ["c"], "r")] if relu else []),
        *pair(middle, "rs"),
        *(joined if concat else []),
        *pair("l", "ls", "kz", axis=0),
        node("Conv", ["j_dq" if concat else middle + "_dq", "l_dq"], "d", pads=[1] * 4),
        *pair("d", "ds"),
        node("Conv", ["d_dq", "m"], "y"),
    ]
    first = random.standard_normal((channels, 3, 3, 3)).astype(np.float32)
    read = channels + (3 if concat else 0)
    second = random.standard_normal((channels, read, 3, 3)).astype(np.float32)
    constants = {
        "k": first,
        "l": second,
        "m": random.standard_normal((2, channels, 1, 1)).astype(np.float32),
        "b": random.standard_normal(channels).astype(np.float32),
        "ks": np.abs(first).reshape(channels, -1).max(axis=1) / 127,
        "ls": np.abs(second).reshape(channels, -1).max(axis=1) / 127,
        "kz": np.zeros(channels, np.int8),
        "z": np.array(0, np.int8),
        **{name: np.array(value, np.float32) for name, value in SCALES.items()},
    }
    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "quantized",
        [onnx.helper.make_tensor_value_info("x", floats, [1, 3, 16, 16])],
        [onnx.helper.make_tensor_value_info("y", floats, [1, 2, 16, 16])],
        [onnx.numpy_helper.from_array(np.array(a), name) for name, a in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


SCALES = {"s": 4 / 127, "rs": 16 / 127, "ds": 80 / 127}


def zero_points(path):
    model = onnx.load(path)
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    return {
        each.output[0]: (constants[each.input[2]].dtype.name, constants[each.input[2]].tolist())
        for each in model.graph.node
        if each.op_type == "QuantizeLinear"
    }


def test_behind_a_relu_0_is_the_zero_and_elsewhere_128(tmp_path):
    source = quantized(tmp_path / "m.onnx")
    assert qdq.make_unsigned(str(source), str(tmp_path / "u.onnx")) == 3
    assert zero_points(tmp_path / "u.onnx") == {
        "x_q": ("uint8", 128),
        "r_q": ("uint8", 0),
        "d_q": ("uint8", 128),
        "k_q": ("int8", [0] * 4),
        "l_q": ("int8", [0] * 4),
    }
    made = onnx.load(tmp_path / "u.onnx")
    onnx.checker.check_model(made, full_check=True)
    read = {name for each in made.graph.node for name in each.input}
    assert {one.name for one in made.graph.initializer} <= read
    assert zero_points(source)["r_q"] == ("int8", 0)


@pytest.mark.parametrize(
    ("nodes", "found"),
    [
        ([("Relu", "x", "a"), ("Add", "a a", "b"), ("Add", "a x", "c")], {"a", "b"}),
        ([("Softmax", "x", "a"), ("Reshape", "a shape", "b")], {"a", "b"}),
        ([("Relu", "x", "a"), ("Conv", "a k", "b"), ("MaxPool", "b", "c")], {"a"}),
        ([("Relu", "x", "a"), ("QuantizeLinear", "a s z", "b"),
          ("DequantizeLinear", "b s z", "c"), ("Concat", "c a", "d")], {"a", "b", "c", "d"}),
    ],
)  # fmt: skip
def test_what_cannot_be_negative_is_known(nodes, found):
    made = [node(kind, inputs.split(), output) for kind, inputs, output in nodes]
    assert qdq.not_negative(made) == found


@pytest.mark.parametrize(
    ("mode", "kept"), [("linear", True), ("nearest", True), ("cubic", False), (None, True)]
)
def test_a_resize_that_overshoots_may_give_negative_numbers(mode, kept):
    attributes = {} if mode is None else {"mode": mode}
    made = [node("Relu", ["x"], "a"), node("Resize", ["a", "", "", "n"], "b", **attributes)]
    assert ("b" in qdq.not_negative(made)) == kept
