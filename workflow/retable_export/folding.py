"""Sizes that a graph computes of itself, computed beforehand: its inputs' sizes are fixed.

Converters leave Shape, Slice, Concat and the like in front of a Reshape or a Resize. ONNX's shape
inference follows some of them, and nothing behind those that it does not.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from retable_export import graphs

_MOST_NUMBERS = 64  # that a size is computed of: weights are left alone
# Operators whose value is that of their inputs alone.
_PURE = (
    *("Add", "Sub", "Mul", "Div", "Floor", "Ceil", "Min", "Max", "Equal", "Where", "ReduceProd"),
    *("Cast", "Concat", "Expand", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze"),
    *("ConstantOfShape", "Range", "Transpose", "Unsqueeze"),
)


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with all that can be computed of sizes as constants, nothing left over."""
    folded = onnx.ModelProto()
    folded.CopyFrom(model)
    values = {one.name: one for one in folded.graph.initializer if _is_small(one.dims)}
    constants = {name: numpy_helper.to_array(one) for name, one in values.items()}
    while _fold_once(folded, constants):
        pass
    return graphs.prune(folded)


def _fold_once(model: onnx.ModelProto, constants: dict[str, np.ndarray]) -> bool:
    """Replace in place what can be computed now; return whether there was something."""
    sizes = _sizes(model)
    kept = []
    for node in model.graph.node:
        found = _value(model, node, sizes, constants)
        if found is None:
            kept.append(node)
            continue
        for name, array in zip(node.output, found):  # noqa: B905 - Python 3.8
            constants[name] = array
            model.graph.initializer.append(numpy_helper.from_array(array, name))
    if len(kept) == len(model.graph.node):
        return False
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(copies)
    return True


def _value(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    sizes: dict[str, list[int]],
    constants: dict[str, np.ndarray],
) -> list[np.ndarray] | None:
    """The outputs of a node, if they are known."""
    if node.op_type == "Shape" and not node.attribute and node.input[0] in sizes:
        return [np.array(sizes[node.input[0]], np.int64)]
    if node.op_type == "Constant":
        small = node.attribute[0].name == "value" and _is_small(node.attribute[0].t.dims)
        return [numpy_helper.to_array(node.attribute[0].t)] if small else None
    inputs = [name for name in node.input if name]
    if node.op_type not in _PURE or not all(name in constants for name in inputs):
        return None
    found = _evaluated(model, node, {name: constants[name] for name in inputs})
    return found if all(_is_small(one.shape) for one in found) else None


def _evaluated(
    model: onnx.ModelProto, node: onnx.NodeProto, inputs: dict[str, np.ndarray]
) -> list[np.ndarray]:
    graph = helper.make_graph(
        [node],
        "one node",
        [],
        [helper.make_empty_tensor_value_info(name) for name in node.output],
        [numpy_helper.from_array(array, name) for name, array in inputs.items()],
    )
    opsets = [helper.make_opsetid("", graphs.opset(model))]
    found = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets)).run(None, {})
    return [np.asarray(one) for one in found]


def _sizes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """The sizes of all tensors that have one of numbers alone."""
    inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    return {
        value.name: graphs.shape_of(value)
        for value in [*inferred.input, *inferred.value_info, *inferred.output]
        if graphs.is_fixed(value)
    }


def _is_small(shape: object) -> bool:
    return int(np.prod(np.array(shape, dtype=np.int64))) <= _MOST_NUMBERS
