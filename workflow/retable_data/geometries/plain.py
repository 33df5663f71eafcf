"""The picture as it is: it must have the network's size."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from retable_job.errors import JobError


def place(
    picture: np.ndarray,
    item: Mapping[str, Any],
    height: int,
    width: int,
    options: Mapping[str, Any],
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Return the picture; JobError if it has another size."""
    size = list(picture.shape[:2])
    if size != [height, width]:
        raise JobError(
            f"picture {item['id']} has {size[0]}x{size[1]} pixels and the network takes "
            f"{height}x{width}: geometry 'squash' resizes"
        )
    return [(picture, {"item": item["id"], "picture": size, "input": size})]
