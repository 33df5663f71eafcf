"""ReduceMax over the classes of the full-resolution logits: the winning class's score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retable_export import definitions
from retable_export.surgery import Edit

if TYPE_CHECKING:
    import onnx

ideal = definitions.full
scores = definitions.full


def apply(model: onnx.ModelProto) -> onnx.ModelProto:
    """Logits -> ReduceMax."""
    edit = Edit(model, "reducemax")
    edit.add("ReduceMax", [edit.logits], axes=[1], keepdims=1)
    edit.give("values")
    return edit.finish()
