"""Masks of instances: from the small ones that networks give, and as COCO writes them."""

import numpy as np

THRESHOLD = 0.5


def pasted(mask: np.ndarray, box: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a mask [h, w] of scores within a box as one of the picture: uint8 [height, width].

    `box` is y1, x1, y2, x2 as shares of the picture. The mask's corners are the box's; the
    picture's are the centres of its corner pixels; between, it is bilinear, and where it is above
    0.5, it is 1. That is what TensorFlow's Object Detection API does (`crop_and_resize` in
    `reframe_box_masks_to_image_masks`, then `> 0.5`).
    """
    made = np.zeros((height, width), np.uint8)
    (rows, down), (columns, across) = (
        _within(box[axis], box[axis + 2], length, cells)
        for axis, length, cells in ((0, height, mask.shape[0]), (1, width, mask.shape[1]))
    )
    if rows.size and columns.size:
        top, left = np.floor(down).astype(int), np.floor(across).astype(int)
        under, right = np.ceil(down).astype(int), np.ceil(across).astype(int)
        weight = across - left
        upper = mask[top][:, left] * (1 - weight) + mask[top][:, right] * weight
        lower = mask[under][:, left] * (1 - weight) + mask[under][:, right] * weight
        share = (down - top)[:, None]
        made[np.ix_(rows, columns)] = upper * (1 - share) + lower * share > THRESHOLD
    return made


def _within(low: float, high: float, length: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which of `length` pixels lie in a box, and where in the mask's `cells` each does."""
    if high <= low:
        return np.empty(0, int), np.empty(0)
    at = (np.arange(length) / max(length - 1, 1) - low) / (high - low) * (cells - 1)
    inside = np.flatnonzero((at >= 0) & (at <= cells - 1))
    return inside, at[inside]


def run_lengths(mask: np.ndarray) -> list[int]:
    """Return the lengths of a mask's runs of 0 and 1 in turn, by columns, from 0: COCO's RLE."""
    flat = np.asarray(mask, bool).ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return [0, *runs] if flat.size and flat[0] else runs
