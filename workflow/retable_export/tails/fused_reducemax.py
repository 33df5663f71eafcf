"""ReduceMax at half resolution, then nearest to full resolution: the winning class's score.

No script for the published ReduceMax rows exists upstream: this is `fused_argmax` with ReduceMax,
as the benchmark's page describes it; the casts fall away, scores being floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retable_export import definitions
from retable_export.surgery import Edit

if TYPE_CHECKING:
    import onnx

ideal = definitions.full
scores = definitions.fused


def apply(model: onnx.ModelProto) -> onnx.ModelProto:
    """Last Conv -> linear Resize to half -> ReduceMax -> nearest Resize to full."""
    edit = Edit(model, "fused_reducemax")
    batch, classes, height, width = edit.shape
    low, mode = edit.head()
    half = edit.resize(low, [batch, classes, height // 2, width // 2], mode, mode="linear")
    best = edit.add("ReduceMax", [half], axes=[1], keepdims=1)
    edit.resize(
        best, [batch, 1, height, width], mode, mode="nearest", nearest_mode="round_prefer_ceil"
    )
    edit.give("values")
    return edit.finish()
