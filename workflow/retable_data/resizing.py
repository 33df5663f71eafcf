"""Resizing and cropping by interpolation, in numpy: the same bytes on every machine.

Both are separable: an axis is sampled at given coordinates, then the other. Neither averages over
what lies between the samples when it shrinks (no antialiasing). `tf.image.resize` gives the same
values to the bit, OpenCV's INTER_LINEAR within 1 of 255 (it computes in fixed point); pillow's
resize, and torch's with antialias, average where they shrink.
"""

from typing import NamedTuple

import numpy as np


class Taps(NamedTuple):
    """The two neighbours of each sample along an axis [n], and the weight of the second."""

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray


def resize(picture: np.ndarray, height: int, width: int, truncate: bool = False) -> np.ndarray:
    """Resize uint8 [H, W, C] to [height, width, C], bilinear, pixel centres at halves.

    Values are rounded to the nearest integer; `truncate` cuts the fraction off instead, as
    TensorFlow's cast to uint8 does.
    """
    if picture.shape[:2] == (height, width):
        return picture.copy()
    rows, columns = (
        _taps(_half_pixel(size, length), length)
        for size, length in zip((height, width), picture.shape[:2], strict=True)
    )
    return _whole(_sampled(picture, rows, columns), truncate)


def crop(
    picture: np.ndarray, row_at: np.ndarray, column_at: np.ndarray, fill: int = 0
) -> np.ndarray:
    """Sample uint8 [H, W, C] at the given coordinates (0: the first pixel's centre), bilinear.

    What lies outside of the picture is `fill`, and is blended in over a pixel at its edge, as by
    OpenCV's warpAffine with a constant border; OpenCV, however, rounds coordinates to 1/32 pixel.
    """
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), constant_values=fill)
    rows, columns = (
        _taps(np.clip(at + 1.0, 0.0, length - 1.0).astype(np.float32), length)
        for at, length in zip((row_at, column_at), padded.shape[:2], strict=True)
    )
    return _whole(_sampled(padded, rows, columns), truncate=False)


def nearest(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize labels [H, W] to [height, width]: each pixel takes the one under its own centre.

    Row i takes row floor((i + 0.5) * H / height): pillow's NEAREST and torch's `nearest-exact`.
    OpenCV's INTER_NEAREST and torch's `nearest` take floor(i * H / height), half a pixel off.
    """
    if labels.shape == (height, width):
        return labels
    rows, columns = (
        (np.arange(size) * 2 + 1) * length // (2 * size)
        for size, length in zip((height, width), labels.shape, strict=True)
    )
    return labels[rows[:, None], columns[None, :]]


def _half_pixel(size: int, length: int) -> np.ndarray:
    """Return where `size` samples of an axis of `length` lie, in float32 as TensorFlow does."""
    scale = np.float32(length) / np.float32(size)
    return (np.arange(size, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)


def _taps(at: np.ndarray, length: int) -> Taps:
    floor = np.floor(at)
    first = np.clip(floor, 0, length - 1).astype(np.intp)
    second = np.clip(np.ceil(at), 0, length - 1).astype(np.intp)
    return Taps(first, second, (at - floor).astype(np.float32))


def _sampled(picture: np.ndarray, rows: Taps, columns: Taps) -> np.ndarray:
    """Return float32 [rows, columns, C]: along the rows' axis last, as TensorFlow computes it."""
    weight = columns.weight[None, :, None]
    used, place = np.unique(np.concatenate([rows.first, rows.second]), return_inverse=True)
    band = picture[used].astype(np.float32)
    left, right = band[:, columns.first], band[:, columns.second]
    across = left + (right - left) * weight
    top, bottom = across[place[: len(rows.first)]], across[place[len(rows.first) :]]
    return top + (bottom - top) * rows.weight[:, None, None]


def _whole(values: np.ndarray, truncate: bool) -> np.ndarray:
    return (values if truncate else np.rint(values)).astype(np.uint8)
