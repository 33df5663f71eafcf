"""Bilinear to the size of the image, then softmax over the classes: float32 probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retable_export import definitions
from retable_export.surgery import Edit

if TYPE_CHECKING:
    import onnx

ideal = definitions.probabilities
scores = definitions.probabilities


def apply(model: onnx.ModelProto) -> onnx.ModelProto:
    """Logits -> linear Resize -> Softmax."""
    edit = Edit(model, "interpolate_softmax")
    shape = probabilities(edit)
    edit.give("probabilities", shape=shape)
    return edit.finish()


def probabilities(edit: Edit) -> list[int]:
    """Append both steps; return the shape of what they make.

    Logits that have the size of the image already, as those of a network that ends in a Resize of
    its own, are not resized again.
    """
    shape = [*edit.shape[:2], *edit.image]
    logits = edit.logits
    if edit.shape != shape:
        logits = edit.resize(logits, shape, "pytorch_half_pixel", mode="linear")
    edit.add("Softmax", [logits], axis=1)
    return shape
