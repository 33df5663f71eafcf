"""ONNX files: read, checked, described, written; and the clean-ups that every graph gets.

Opset 13 is the house's floor and ceiling: TensorRT 8.0 of JetPack 4.6 reads no newer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper, shape_inference

from retable_export.contract import replacing
from retable_export.errors import JobError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path) -> onnx.ModelProto:
    """Read a model; JobError if the file is not one, or only the beginning of one."""
    try:
        model = onnx.load_from_string(path.read_bytes())
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError) as error:
        first = str(error).strip().splitlines()[0]
        raise JobError(
            f"{path}: not a whole ONNX file ({first}); delete it and run again"
        ) from None
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Check a model with its shapes and write it whole; the same model gives the same bytes."""
    onnx.checker.check_model(model, full_check=True)
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def describe(model: onnx.ModelProto) -> dict[str, Any]:
    """Return the facts of a graph: inputs, outputs (name, shape, dtype), node count and opset."""
    return {
        "inputs": [_describe_value(value) for value in model.graph.input],
        "outputs": [_describe_value(value) for value in model.graph.output],
        "nodes": len(model.graph.node),
        "opset": opset(model),
    }


def opset(model: onnx.ModelProto) -> int:
    """Return the version of the standard operators that the model asks for."""
    return next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def shape_of(value: onnx.ValueInfoProto) -> list[int]:
    """Return a value's shape; UnsupportedError if a dimension is not a number."""
    dimensions = value.type.tensor_type.shape.dim
    if not all(dimension.HasField("dim_value") for dimension in dimensions):
        raise UnsupportedError(
            f"tensor {value.name} has a dimension that is not fixed: export it fixed"
        )
    return [dimension.dim_value for dimension in dimensions]


def is_fixed(value: onnx.ValueInfoProto) -> bool:
    """Return whether a value has a shape, and of numbers alone."""
    kind = value.type.tensor_type
    return kind.HasField("shape") and all(one.HasField("dim_value") for one in kind.shape.dim)


def dtype_of(value: onnx.ValueInfoProto) -> np.dtype:
    """Return a value's element type as numpy names it."""
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type))


def producer(model: onnx.ModelProto, tensor: str) -> onnx.NodeProto | None:
    """Return the node that makes `tensor`, or None if it is an input or a constant."""
    return next((node for node in model.graph.node if tensor in node.output), None)


def attribute(node: onnx.NodeProto, name: str, default: str) -> str:
    """Return a text attribute of a node."""
    for one in node.attribute:
        if one.name == name:
            return str(onnx.helper.get_attribute_value(one).decode())
    return default


def fix_resize_sizes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with every Resize's target size as a constant, and nothing left over.

    Exporters compute sizes inside the graph (Shape, Slice, Concat) or give scales, and older
    parsers stumble over both; with fixed input sizes the shapes are known.
    """
    fixed = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    shapes = {value.name: value for value in [*fixed.graph.value_info, *fixed.graph.output]}
    for node in fixed.graph.node:
        if node.op_type == "Resize":
            name = f"{node.output[0]}/sizes"
            if node.output[0] not in shapes:
                raise UnsupportedError(f"Resize {node.name}: its output's size cannot be inferred")
            sizes = np.array(shape_of(shapes[node.output[0]]), np.int64)
            fixed.graph.initializer.append(numpy_helper.from_array(sizes, name))
            node.input[:] = [node.input[0], "", "", name]
    return prune(fixed)


def without_identities(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove, in place, nodes that only give a tensor another name; return the model.

    torch leaves them where two weights are equal, and a parser may take a weight that comes by way
    of a node for a computed tensor, which its Conv refuses. One that makes an output stays.
    """
    outputs = {value.name for value in model.graph.output}
    sources: dict[str, str] = {}
    kept = []
    for node in model.graph.node:  # ONNX graphs are sorted: makers come first
        node.input[:] = [sources.get(name, name) for name in node.input]
        if node.op_type == "Identity" and node.output[0] not in outputs:
            sources[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def in_order(model: onnx.ModelProto) -> onnx.ModelProto:
    """Sort the nodes, in place, so that each stands behind what it reads; return the model.

    ONNX wants graphs sorted, and converters append what they insert. A sorted graph stays as it
    is. JobError if the graph has a cycle.
    """
    nodes = list(model.graph.node)
    makers = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    ordered: list[int] = []
    placed: set[int] = set()
    begun: set[int] = set()
    stack = list(reversed(range(len(nodes))))
    while stack:
        index = stack[-1]
        needed = {makers[name] for name in _reads(nodes[index]) if name in makers} - placed
        if index in placed or not needed:
            stack.pop()
            if index not in placed:
                placed.add(index)
                ordered.append(index)
        elif index in begun:
            raise JobError(f"the graph has a cycle through {nodes[index].output[0]}")
        else:
            begun.add(index)
            stack.extend(sorted(needed, reverse=True))
    del model.graph.node[:]
    model.graph.node.extend(nodes[index] for index in ordered)
    return model


def prune(model: onnx.ModelProto) -> onnx.ModelProto:
    """Remove, in place, the nodes and constants that no output needs; return the model."""
    needed = {value.name for value in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):  # ONNX graphs are sorted: consumers come later
        if needed.intersection(node.output):
            needed.update(_reads(node))
            kept.append(node)
    constants = [one for one in model.graph.initializer if one.name in needed]
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(reversed(kept))
    model.graph.initializer.extend(constants)
    return model


def _reads(node: onnx.NodeProto) -> set[str]:
    """Return the tensors that a node reads, also from inside the bodies of an If or a Loop."""
    read = set(node.input)
    for one in node.attribute:
        for body in [one.g, *one.graphs]:
            for inner in body.node:
                read |= _reads(inner)
            read.update(value.name for value in body.output)
    return read


def _describe_value(value: onnx.ValueInfoProto) -> dict[str, Any]:
    return {"name": value.name, "shape": shape_of(value), "dtype": dtype_of(value).name}
