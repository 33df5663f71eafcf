"""FP16: weights and arithmetic in half precision, inputs and outputs in FP32.

By ONNX Runtime's own converter. The published engines were made by `trtexec --fp16`, which leaves
the bindings FP32: so a cast stands at each end here too (`keep_io_types`), inside what is timed.
Operators of the converter's block list (TopK, NonMaxSuppression, RoiAlign, ...) and Resize's scales
stay FP32. Weights beyond FP16's range are clipped to it: the fact `clipped` counts them.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnxruntime.transformers import float16

from retable_export import graphs

_LARGEST = float(np.finfo(np.float16).max)


def apply(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict]:
    """Return the graph in FP16. Facts: `clipped` weights, `fp32_nodes` that the converter kept."""
    source = onnx.ModelProto()
    source.CopyFrom(model)
    converted = graphs.in_order(float16.convert_float_to_float16(source, keep_io_types=True))
    facts = {
        "clipped": sum(_beyond(constant) for constant in model.graph.initializer),
        "fp32_nodes": sorted(
            node.name or node.output[0]
            for node in converted.graph.node
            if node.op_type in float16.DEFAULT_OP_BLOCK_LIST
        ),
    }
    return graphs.prune(converted), facts


def _beyond(constant: onnx.TensorProto) -> int:
    if constant.data_type != TensorProto.FLOAT:
        return 0
    return int((np.abs(numpy_helper.to_array(constant)) > _LARGEST).sum())
