"""Averages over windows that do not divide their picture, exactly.

An adaptive average of n values in k windows takes window i from floor(i n / k) to
ceil((i + 1) n / k): windows of different lengths, which overlap, where k does not divide n. ONNX's
AveragePool has windows of one length and one stride, and converters choose some. An average is
linear, and so is a product with a constant matrix: rows first, then columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import helper, numpy_helper, shape_inference

from retable_export import graphs
from retable_export.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx


def make_exact(model: onnx.ModelProto, averages: Mapping[str, tuple[int, int]]) -> list[str]:
    """Replace averages that windows of one length cannot make, in place; return their tensors.

    `averages` maps a tensor to the rows and columns that it is to have. UnsupportedError where the
    size of what is averaged is not known.
    """
    shapes = _shapes(model)
    replaced = []
    for index in reversed(range(len(model.graph.node))):
        node = model.graph.node[index]
        wanted = averages.get(node.output[0]) if node.op_type == "AveragePool" else None
        if wanted is None:
            continue
        if node.input[0] not in shapes:
            raise UnsupportedError(f"{node.output[0]}: the size of what it averages is not known")
        height, width = shapes[node.input[0]][2:]
        if height % wanted[0] == 0 and width % wanted[1] == 0:
            continue
        products = _products(model, node, (height, width), wanted)
        model.graph.node.remove(node)
        for product in reversed(products):
            model.graph.node.insert(index, product)
        replaced.append(products[-1].output[0])
    return replaced[::-1]


def windows(length: int, parts: int) -> np.ndarray:
    """Return the matrix [parts, length], float32, that averages `length` values in `parts`."""
    matrix = np.zeros((parts, length), np.float32)
    for part in range(parts):
        first, end = part * length // parts, -(-(part + 1) * length // parts)
        matrix[part, first:end] = 1.0 / (end - first)
    return matrix


def _products(
    model: onnx.ModelProto, node: onnx.NodeProto, size: tuple[int, int], wanted: tuple[int, int]
) -> list[onnx.NodeProto]:
    """rows [k, h] x features [N, C, h, w] x columns [w, l] -> [N, C, k, l]."""
    source, made = node.input[0], node.output[0]
    rows, columns = f"{made}/rows", f"{made}/columns"
    constants = ((rows, windows(size[0], wanted[0])), (columns, windows(size[1], wanted[1]).T))
    for name, matrix in constants:
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(matrix), name))
    across = f"{made}/across"
    return [
        helper.make_node("MatMul", [source, columns], [across], name=across),
        helper.make_node("MatMul", [rows, across], [made], name=f"{made}/down"),
    ]


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """The shapes of all tensors whose dimensions are numbers."""
    inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    values = [*inferred.input, *inferred.value_info, *inferred.output]
    return {value.name: graphs.shape_of(value) for value in values if graphs.is_fixed(value)}
