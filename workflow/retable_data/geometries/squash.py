"""The whole picture at the network's size, whatever its shape: bilinear, without antialiasing.

Option `truncate`: cut fractions off instead of rounding, as `tf.image.resize` and a cast do.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from retable_data import resizing


def place(
    picture: np.ndarray,
    item: Mapping[str, Any],
    height: int,
    width: int,
    options: Mapping[str, Any],
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Resize the picture; a placement holds no more than the two sizes."""
    made = resizing.resize(picture, height, width, options.get("truncate", False))
    placement = {
        "item": item["id"],
        "picture": list(picture.shape[:2]),
        "input": [height, width],
    }
    return [(made, placement)]
