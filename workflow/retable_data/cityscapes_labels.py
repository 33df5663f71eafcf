"""Cityscapes' label map: what a pixel's id means, and which of the 19 classes it is trained as.

Ids, names and train ids as published with the data set (Cordts et al., "The Cityscapes Dataset for
Semantic Urban Scene Understanding", CVPR 2016; cityscapesscripts/helpers/labels.py, MIT).
"""

from typing import NamedTuple

import numpy as np

IGNORE = 255


class Label(NamedTuple):
    """One label: its name, the id in *_labelIds.png, the class it is trained as or IGNORE."""

    name: str
    id: int
    train_id: int


LABELS = (
    Label("unlabeled", 0, IGNORE),
    Label("ego vehicle", 1, IGNORE),
    Label("rectification border", 2, IGNORE),
    Label("out of roi", 3, IGNORE),
    Label("static", 4, IGNORE),
    Label("dynamic", 5, IGNORE),
    Label("ground", 6, IGNORE),
    Label("road", 7, 0),
    Label("sidewalk", 8, 1),
    Label("parking", 9, IGNORE),
    Label("rail track", 10, IGNORE),
    Label("building", 11, 2),
    Label("wall", 12, 3),
    Label("fence", 13, 4),
    Label("guard rail", 14, IGNORE),
    Label("bridge", 15, IGNORE),
    Label("tunnel", 16, IGNORE),
    Label("pole", 17, 5),
    Label("polegroup", 18, IGNORE),
    Label("traffic light", 19, 6),
    Label("traffic sign", 20, 7),
    Label("vegetation", 21, 8),
    Label("terrain", 22, 9),
    Label("sky", 23, 10),
    Label("person", 24, 11),
    Label("rider", 25, 12),
    Label("car", 26, 13),
    Label("truck", 27, 14),
    Label("bus", 28, 15),
    Label("caravan", 29, IGNORE),
    Label("trailer", 30, IGNORE),
    Label("train", 31, 16),
    Label("motorcycle", 32, 17),
    Label("bicycle", 33, 18),
)
ID = {label.name: label.id for label in LABELS}
CLASSES = tuple(label.name for label in LABELS if label.train_id != IGNORE)
# Class by id, of every value that a byte has: an index's `label_map`. A license plate's -1 is 255.
LABEL_MAP = tuple(
    {label.id: label.train_id for label in LABELS}.get(value, IGNORE) for value in range(256)
)


def train_ids(ids: np.ndarray) -> np.ndarray:
    """Return the classes, 0 to 18 or IGNORE, of label ids: uint8 of any shape -> the same."""
    return np.array(LABEL_MAP, np.uint8)[ids]
