"""Confusion matrices of label maps, and what segmentation is scored by.

All of it is of one matrix, in which row i, column j counts the pixels of class i that were taken
for class j; columns go to 255, for a network may say what is no class.
"""

import numpy as np

VALUES = 256


def matrix(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Count pairs of uint8 labels of one shape: int64 [256, 256].

    Both are packed into one uint16, in an eighth of the memory that 64-bit indices take.
    """
    pairs = truth.astype(np.uint16) << 8
    pairs |= found
    return np.bincount(pairs.ravel(), minlength=VALUES * VALUES).reshape(VALUES, VALUES)


def ious(counts: np.ndarray) -> np.ndarray:
    """Return intersection over union of each class, nan where the union is empty.

    `counts` is [classes, 256], of the pixels whose truth is a class.
    """
    classes = len(counts)
    hits = np.diagonal(counts)
    union = counts.sum(axis=1) + counts[:, :classes].sum(axis=0) - hits
    return np.divide(hits, union, out=np.full(classes, np.nan), where=union > 0)


def pixel_accuracy(counts: np.ndarray) -> float:
    """Return the share of pixels that were taken for what they are; nan if there are none."""
    total = counts.sum()
    return float(np.diagonal(counts).sum() / total) if total else float("nan")
