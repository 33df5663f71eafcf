"""INT8: static Q/DQ at opset 13, in one form that ONNX Runtime, OpenVINO and TensorRT all read.

ONNX Runtime's own quantizer places the nodes, in the graph as `fusing` leaves it; what it is told
is what the strictest reader needs:

- Weights are symmetric, a scale for each output channel, and stay FP32 before a Q/DQ pair; biases
  stay FP32. TensorRT 8 reads no other form, and every reader folds it by itself.
- Activations are symmetric INT8 with zero points of 0: TensorRT knows no others.
- No pair stands between an operator and its Relu, so that the two stay one layer. (ONNX Runtime's
  CPU kernels need a pair of another type there: its backend changes that when it builds.)
- A scale is where `SHARE` of a tensor's absolute values on the calibration set lie below. With
  the largest value, few outliers would coarsen all the rest.

In FP32 stay the last operator with weights before each output and what follows it (the scores that
are compared with each other, and Softmax, Resize and ArgMax behind them: 255 steps make ties), a
product by anything but a constant matrix, and every operator that is not of `QUANTIZED`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, shape_inference
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from retable_export import calibration, fusing, graphs
from retable_export.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHARE = 0.9999
HEAVY = ("Conv", "ConvTranspose", "Gemm", "MatMul")
# Cheap operators, which in FP32 would put a Q and a DQ around them.
_LIGHT = ("Relu", "Add", "Concat", "MaxPool", "AveragePool", "GlobalAveragePool", "Resize")
QUANTIZED = (*HEAVY, *_LIGHT)
_OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "AddQDQPairToWeight": True,
    "QuantizeBias": False,
}


def apply(
    model: onnx.ModelProto, batches: Sequence[Mapping[str, np.ndarray]] | None
) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """Return the graph with Q/DQ nodes, calibrated on `batches`: each the graph's inputs by name.

    Facts: `quantized`, the number of operators with weights between Q/DQ; `fp32_nodes`, the names
    of the others; `share`. UnsupportedError without a calibration set, or where nothing is left to
    quantize.
    """
    if not batches:
        raise UnsupportedError("precision int8 needs a calibration set, and this job names none")
    source = _prepared(model)
    kept = kept_in_fp32(source)
    heavy = [node.name for node in source.graph.node if node.op_type in HEAVY]
    chosen = [name for name in heavy if name not in kept]
    if not chosen:
        raise UnsupportedError(
            "precision int8: the graph has no operator with weights but those before its outputs, "
            "which stay FP32"
        )
    ranges = _ranges(source, kept, batches)
    quantizer = QDQQuantizer(
        source,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, ranges),
        nodes_to_quantize=[],
        nodes_to_exclude=sorted(kept),
        op_types_to_quantize=list(QUANTIZED),
        extra_options=_OPTIONS,
    )
    made = graphs.in_order(quantizer.quantize_model())
    facts = {
        "quantized": len(chosen),
        "fp32_nodes": sorted(set(heavy) & kept),
        "share": SHARE,
    }
    return graphs.prune(_joined(made)), facts


def kept_in_fp32(model: onnx.ModelProto) -> set[str]:
    """Return the names of the nodes that stay FP32 though they are of `QUANTIZED`.

    For each output, the nodes from it back to the first with weights, that one included; and each
    product whose second factor is not one constant matrix: it is no layer's weights, and for a
    constant of more dimensions ONNX Runtime 1.31 cannot read a scale for each column.
    """
    matrices = {one.name for one in model.graph.initializer if len(one.dims) == 2}
    makers = {name: node for node in model.graph.node for name in node.output}
    kept = {
        node.name
        for node in model.graph.node
        if node.op_type in ("MatMul", "Gemm") and node.input[1] not in matrices
    }
    waiting = [value.name for value in model.graph.output]
    seen = set()
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if node.op_type not in HEAVY or node.name in kept:
            waiting.extend(node.input)
    return kept | seen


def _prepared(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return it fused, with the shapes of inner tensors, and a name for every node."""
    source = shape_inference.infer_shapes(fusing.fused(model), strict_mode=True, data_prop=True)
    taken = {node.name for node in source.graph.node}
    if len(taken) < len(source.graph.node) or "" in taken:
        for index, node in enumerate(source.graph.node):
            node.name = f"{node.op_type}_{index}"
    return source


def _ranges(
    model: onnx.ModelProto, kept: set[str], batches: Sequence[Mapping[str, np.ndarray]]
) -> dict[str, tuple[np.float32, np.float32]]:
    """Return the range of every tensor that gets a Q/DQ pair: symmetric, by the calibration set.

    A tensor that goes into a Relu alone has that Relu's: its own pair goes (see `_joined`).
    """
    activated = {
        node.input[0]: node.output[0] for node in model.graph.node if _is_joined(model, node)
    }
    inner = {value.name: value for value in model.graph.value_info}
    inner.update({value.name: value for value in (*model.graph.input, *model.graph.output)})
    wanted: dict[str, None] = {}  # an ordered set
    for node in model.graph.node:
        if node.op_type in QUANTIZED and node.name not in kept:
            wanted.update(dict.fromkeys((*node.input, *node.output)))
    tensors = [
        name
        for name in wanted
        if name in inner and inner[name].type.tensor_type.elem_type == TensorProto.FLOAT
    ]
    counted = [name for name in tensors if name not in activated]
    found = calibration.histograms(model, counted, batches)
    ranges = {}
    for name in tensors:
        limit = np.float32(found[activated.get(name, name)].holding(SHARE))
        ranges[name] = (-limit, limit)
    return ranges


def _is_joined(model: onnx.ModelProto, node: onnx.NodeProto) -> bool:
    """Say whether a node is a Relu, and the only one to read its input."""
    tensor = node.input[0] if node.input else ""
    return (
        node.op_type == "Relu"
        and graphs.producer(model, tensor) is not None
        and sum(tensor in other.input for other in model.graph.node) == 1
    )


def _joined(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take out, in place, the Q/DQ pairs before a Relu; `graphs.prune` removes what is left."""
    for node in model.graph.node:
        if not _is_joined(model, node):
            continue
        dequantize = graphs.producer(model, node.input[0])
        if dequantize is not None and dequantize.op_type == "DequantizeLinear":
            quantize = graphs.producer(model, dequantize.input[0])
            node.input[0] = quantize.input[0]
    return model
