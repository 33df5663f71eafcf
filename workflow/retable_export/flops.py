"""How much arithmetic a graph is: its multiplications and additions, where nearly all of them are.

Counted are convolutions and products of matrices, each multiplication with its addition as two
operations; what papers call FLOPs is often half of that, the multiply-accumulates.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onnx import shape_inference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx

    Shapes = Mapping[str, Sequence[int]]

_BODIES = ("If", "Loop", "Scan")  # how often they run, the graph does not say


def gflops(model: onnx.ModelProto) -> float | None:
    """Return 1e9 operations an inference; None where a size, or a count of repeats, is open."""
    shapes = _shapes(model)
    total = 0
    for node in model.graph.node:
        if node.op_type in _BODIES:
            return None
        if node.op_type in _COUNTS:
            if not all(name in shapes for name in (*node.input[:2], node.output[0])):
                return None
            total += _COUNTS[node.op_type](node, shapes)
    return 2e-9 * total


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """The shapes of all tensors whose sizes are numbers."""
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    found = {constant.name: list(constant.dims) for constant in inferred.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(size.HasField("dim_value") for size in kind.shape.dim):
            found[value.name] = [size.dim_value for size in kind.shape.dim]
    return found


def _of_convolution(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Each output takes the kernel [out, in / groups, ...] of its channel once."""
    return math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])


def _of_transposed(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Each input is spread by the kernel [in, out / groups, ...] of its channel once."""
    return math.prod(shapes[node.input[0]]) * math.prod(shapes[node.input[1]][1:])


def _of_product(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Each output is a sum over the last dimension of the first matrix."""
    return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]


def _of_gemm(node: onnx.NodeProto, shapes: Shapes) -> int:
    turned = any(one.name == "transA" and one.i for one in node.attribute)
    return math.prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if turned else 1]


_COUNTS: dict[str, Callable[[onnx.NodeProto, Shapes], int]] = {
    "Conv": _of_convolution,
    "ConvTranspose": _of_transposed,
    "Gemm": _of_gemm,
    "MatMul": _of_product,
}
