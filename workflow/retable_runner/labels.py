"""The class of each pixel, whatever a segmentation network leaves to be computed of it."""

import numpy as np

from retable_runner.errors import Unsupported

CLASSES = 256  # of a label in one byte


def labels_of(named):
    """Return labels, uint8 [n, h, w], of outputs [(name, array)].

    They are an output of integers, [n, 1, h, w] or [n, h, w]; else the argmax over axis 1 of the
    first output, scores [n, classes, h, w]. Unsupported where there is neither.
    """
    for _, array in named:
        if array.dtype.kind in "iu":
            return _in_bytes(array[:, 0] if array.ndim == 4 else array)
    first = named[0][1]
    if first.ndim == 4 and first.shape[1] > 1:
        return _in_bytes(np.argmax(first, axis=1))
    raise Unsupported(
        "no classes can be told of outputs {}".format(
            ", ".join("{} {}".format(name, list(array.shape)) for name, array in named)
        )
    )


def _in_bytes(labels):
    if labels.size and not 0 <= labels.min() <= labels.max() < CLASSES:
        raise Unsupported("labels from {} to {}".format(labels.min(), labels.max()))
    return labels.astype(np.uint8)
