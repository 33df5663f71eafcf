"""As `interpolate_softmax`, then the best class: its probability, and its number.

The order of the outputs is that of torch's max: float32 values, then int64 labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from retable_export import definitions
from retable_export.surgery import Edit
from retable_export.tails.interpolate_softmax import probabilities

if TYPE_CHECKING:
    import onnx

ideal = definitions.probabilities
scores = definitions.probabilities


def apply(model: onnx.ModelProto) -> onnx.ModelProto:
    """Logits -> linear Resize -> Softmax -> ReduceMax and ArgMax; of equals the first wins."""
    edit = Edit(model, "interpolate_softmax_max")
    batch, _, height, width = probabilities(edit)
    shape = [batch, 1, height, width]
    softmax = edit.model.graph.node[-1].output[0]
    edit.add("ReduceMax", [softmax], axes=[1], keepdims=1)
    edit.give("values", shape=shape)
    edit.add("ArgMax", [softmax], axis=1, keepdims=1)
    edit.give("labels", TensorProto.INT64, shape)
    return edit.finish()
