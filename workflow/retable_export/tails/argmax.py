"""ArgMax over the classes of the full-resolution logits: int64 labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from retable_export import definitions
from retable_export.surgery import Edit

if TYPE_CHECKING:
    import onnx

ideal = definitions.full
scores = definitions.full


def apply(model: onnx.ModelProto) -> onnx.ModelProto:
    """Logits -> ArgMax; of equal classes the first wins, as in numpy."""
    edit = Edit(model, "argmax")
    edit.add("ArgMax", [edit.logits], axis=1, keepdims=1)
    edit.give("labels", TensorProto.INT64)
    return edit.finish()
