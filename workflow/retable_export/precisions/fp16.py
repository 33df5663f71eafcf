"""FP16: weights and arithmetic in half precision, inputs and outputs in FP32.

By ONNX Runtime's own converter. The published engines were made by `trtexec --fp16`, which leaves
the bindings FP32: so a cast stands at each end here too (`keep_io_types`), inside what is timed.
What stays FP32:

- operators of the converter's block list (TopK, NonMaxSuppression, RoiAlign, ...), and Resize's
  scales;
- operators that leave FP16's range or its digits on ordinary values, which torch's autocast runs in
  FP32 too (https://docs.pytorch.org/docs/stable/amp.html): Softmax above all, whose sum over the
  pixels of a feature map gives values below 6e-5, where FP16 loses digits, and the sums, powers and
  norms of `SENSITIVE`. Averages stay in FP16: they are as large as what they average.

Weights beyond FP16's range are clipped to it: the fact `clipped` counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnxruntime.transformers import float16

from retable_export import graphs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SENSITIVE = (
    *("Softmax", "LogSoftmax", "Exp", "Log", "Pow", "Reciprocal"),
    *("ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"),
    *("LayerNormalization", "InstanceNormalization", "LpNormalization"),
)
_FP32 = (*float16.DEFAULT_OP_BLOCK_LIST, *SENSITIVE)
_LARGEST = float(np.finfo(np.float16).max)


def apply(
    model: onnx.ModelProto, batches: Sequence[Mapping[str, np.ndarray]] | None
) -> tuple[onnx.ModelProto, dict]:
    """Return the graph in FP16, which needs no calibration set: `batches` are not looked at.

    Facts: `clipped` weights, `fp32_nodes` that stay FP32.
    """
    source = onnx.ModelProto()
    source.CopyFrom(model)
    converted = float16.convert_float_to_float16(source, keep_io_types=True, op_block_list=_FP32)
    converted = graphs.in_order(converted)
    facts = {
        "clipped": sum(_beyond(constant) for constant in model.graph.initializer),
        "fp32_nodes": sorted(
            node.name or node.output[0] for node in converted.graph.node if node.op_type in _FP32
        ),
    }
    return graphs.prune(converted), facts


def _beyond(constant: onnx.TensorProto) -> int:
    if constant.data_type != TensorProto.FLOAT:
        return 0
    return int((np.abs(numpy_helper.to_array(constant)) > _LARGEST).sum())
