"""What the tails are, in numpy: the scores from which a tail picks its labels or its values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from retable_export import interpolate


class Tensors(NamedTuple):
    """What a graph without a tail computes, float32.

    `logits` is [N, C, H, W]; `low` is [N, C, h, w], before the last Resize, or None for a graph
    without one; `mode` is that Resize's coordinate_transformation_mode; `image` is the height and
    width of the input.
    """

    logits: np.ndarray
    low: np.ndarray | None
    mode: str
    image: tuple[int, int]


def full(tensors: Tensors) -> np.ndarray:
    """Return the full-resolution logits: the definition of `argmax` and `reducemax`."""
    return tensors.logits


def fused(tensors: Tensors) -> np.ndarray:
    """Return logits made at half resolution and repeated: the definition of the fused tails.

    Linear from `low` to (H // 2, W // 2), then nearest to (H, W). The graph takes the max over the
    classes between the two; nearest only copies pixels, so here it may come after.
    """
    height, width = tensors.logits.shape[-2:]
    half = interpolate.bilinear(tensors.low, (height // 2, width // 2), tensors.mode)
    return interpolate.nearest(half, (height, width), tensors.mode)


def probabilities(tensors: Tensors) -> np.ndarray:
    """Return each class's share of each pixel of the image: the definition of `interpolate_*`.

    The logits, enlarged to the image as torch's interpolate does without align_corners, through
    softmax over the classes.
    """
    logits = tensors.logits
    if logits.shape[-2:] != tensors.image:
        logits = interpolate.bilinear(logits, tensors.image, "pytorch_half_pixel")
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def labels(scores: np.ndarray) -> np.ndarray:
    """Return the class of the highest score, the first of equals, int64 [N, 1, H, W]."""
    return scores.argmax(axis=1)[:, None]


def values(scores: np.ndarray) -> np.ndarray:
    """Return the highest score over the classes, [N, 1, H, W]."""
    return scores.max(axis=1)[:, None]
