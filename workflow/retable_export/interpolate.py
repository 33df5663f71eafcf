"""Resizing in plain numpy, as the ONNX operator Resize (opset 13) defines it.

Source: https://onnx.ai/onnx/operators/onnx__Resize.html. Tensors are [N, C, H, W]; sizes are
(height, width) in pixels. Coordinates are float64: runtimes compute them in float32, which moves
a bilinear value by up to about 1e-5 of the difference between neighbours.
"""

from __future__ import annotations

import numpy as np


def bilinear(tensor: np.ndarray, size: tuple[int, int], mode: str) -> np.ndarray:
    """Resize to `size` by mode "linear", edges clamped; `mode` as for `coordinates`."""
    rows = _interpolate(tensor.astype(np.float64), -2, coordinates(tensor.shape[-2], size[0], mode))
    both = _interpolate(rows, -1, coordinates(tensor.shape[-1], size[1], mode))
    return both.astype(np.float32)


def nearest(tensor: np.ndarray, size: tuple[int, int], mode: str) -> np.ndarray:
    """Resize to `size` by mode "nearest", `round_prefer_ceil`; `mode` as for `coordinates`."""
    for axis, length in ((-2, size[0]), (-1, size[1])):
        positions = np.floor(coordinates(tensor.shape[axis], length, mode) + 0.5)
        last = tensor.shape[axis] - 1
        tensor = np.take(tensor, np.clip(positions, 0, last).astype(np.int64), axis=axis)
    return tensor


def coordinates(source: int, target: int, mode: str) -> np.ndarray:
    """Return where each of `target` positions lies among `source` ones, in source pixels.

    `mode` is Resize's `coordinate_transformation_mode`; ValueError if it is none of the four.
    """
    positions = np.arange(target, dtype=np.float64)
    if mode == "align_corners":
        return positions * ((source - 1) / (target - 1) if target > 1 else 0.0)
    if mode == "asymmetric":
        return positions * (source / target)
    if mode == "half_pixel" or (mode == "pytorch_half_pixel" and target > 1):
        return (positions + 0.5) * (source / target) - 0.5
    if mode == "pytorch_half_pixel":
        return np.zeros(target)
    raise ValueError(f"coordinate_transformation_mode {mode!r} is not known here")


def _interpolate(tensor: np.ndarray, axis: int, positions: np.ndarray) -> np.ndarray:
    positions = np.clip(positions, 0, tensor.shape[axis] - 1)
    below = np.floor(positions).astype(np.int64)
    above = np.minimum(below + 1, tensor.shape[axis] - 1)
    weight = positions - below
    if axis == -2:
        weight = weight[:, None]
    return np.take(tensor, below, axis=axis) * (1 - weight) + np.take(tensor, above, axis) * weight
