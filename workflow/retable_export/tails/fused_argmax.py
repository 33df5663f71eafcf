"""ArgMax at half resolution, then nearest to full resolution: int64 labels, cheaper than `argmax`.

The casts are the published script's: TensorRT 8's Resize takes floating-point numbers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from retable_export import definitions
from retable_export.surgery import Edit

if TYPE_CHECKING:
    import onnx

ideal = definitions.full
scores = definitions.fused


def apply(model: onnx.ModelProto) -> onnx.ModelProto:
    """Last Conv -> linear Resize to half -> ArgMax -> Cast -> nearest Resize to full -> Cast.

    The nearest Resize takes the coordinate mode of the model's own last Resize (align_corners for
    Fast-SCNN) and `round_prefer_ceil`, as the published script does.
    """
    edit = Edit(model, "fused_argmax")
    batch, classes, height, width = edit.shape
    low, mode = edit.head()
    half = edit.resize(low, [batch, classes, height // 2, width // 2], mode, mode="linear")
    labels = edit.add("ArgMax", [half], axis=1, keepdims=1)
    numbers = edit.add("Cast", [labels], to=TensorProto.FLOAT)
    full = edit.resize(
        numbers, [batch, 1, height, width], mode, mode="nearest", nearest_mode="round_prefer_ceil"
    )
    edit.add("Cast", [full], to=TensorProto.INT64)
    edit.give("labels", TensorProto.INT64)
    return edit.finish()
