"""One input for each person: its ground-truth box, widened, at the network's size (top-down).

A box in COCO format is clipped to its picture, widened or heightened to the network's shape, and
both by a quarter; persons without a labelled keypoint and crowds are left out. So do HRNet's
`_xywh2cs` and PaddleDetection's KeypointTopDownCocoDataset and TopDownAffine, which express sizes
in units of 200 pixels.

Options:

- `udp`: the network's corners are the centres of its corner pixels, width - 1 apart (Huang et al.,
  "The Devil is in the Details: Delving into Unbiased Data Processing", CVPR 2020; PaddleDetection's
  `use_udp`), instead of width. Default false.
- `padding`: how much larger than the box. Default 1.25.
- `flip`: each person a second time, mirrored, for the flip test. Default false.
- `by`: what says where a person is. "box" (the default); or "scale", MPII's way: a square about
  `center`, as high as `scale` says in units of 200 pixels and moved down by 15 / 200 of that, so
  that fewer limbs are cut (HRNet's MPIIDataset, PaddleDetection's KeypointTopDownMPIIDataset).
  Nothing is clipped, and nobody left out.

A placement's `affine`, [[a, b, c], [d, e, f]], maps the centre of an input's pixel (x, y), counted
from 0, to the picture's: (a x + b y + c, d x + e y + f), also if it is `flipped`: what a network
finds in a mirrored input is to be mirrored back before. `area` is that of the widened box, `score`
the box's own (1: it is the truth).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from retable_data import resizing
from retable_data.joints import MPII_SCALE
from retable_job.errors import JobError

PADDING = 1.25
LOWERED = 15.0  # pixels, at a scale of 1
Bounds = tuple[float, float, float, float]  # x, y, width, height


class Box(NamedTuple):
    """A box about its centre, in pixels of the picture."""

    x: float
    y: float
    width: float
    height: float


def place(
    picture: np.ndarray,
    item: Mapping[str, Any],
    height: int,
    width: int,
    options: Mapping[str, Any],
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Crop each person of the picture's annotations."""
    if "annotations" not in item:
        raise JobError("geometry 'person' needs a data set with boxes: its index names none")
    made = []
    udp = options.get("udp", False)
    for annotation, bounds in _placed(item, picture.shape[:2], options.get("by", "box")):
        box = widened(bounds, width / height, options.get("padding", PADDING))
        affine = affine_of(box, height, width, udp)
        crop = resizing.crop(picture, *_coordinates(affine, height, width))
        placement = {
            "item": item["id"],
            "annotation": annotation["id"],
            "picture": list(picture.shape[:2]),
            "input": [height, width],
            "affine": affine.tolist(),
            "udp": udp,
            "area": box.width * box.height,
            "score": 1.0,
            "flipped": False,
        }
        made.append((crop, placement))
        if options.get("flip", False):
            made.append((np.ascontiguousarray(crop[:, ::-1]), {**placement, "flipped": True}))
    return made


def _placed(
    item: Mapping[str, Any], size: tuple[int, ...], by: str
) -> Iterator[tuple[dict[str, Any], Bounds]]:
    """Give the persons of a picture of `size` (h, w), each with its bounds."""
    if by not in ("box", "scale"):
        raise JobError(f"a person is placed by 'box' or 'scale', not by {by!r}")
    if by == "box":
        for annotation in persons(item["annotations"], size):
            yield annotation, _clipped(annotation["bbox"], size)
        return
    for annotation in item["annotations"]:
        if "center" in annotation and "scale" in annotation:
            yield annotation, about(annotation["center"], annotation["scale"])


def about(center: Sequence[float], scale: float) -> Bounds:
    """Return the square that MPII's `center` and `scale` of a person stand for."""
    side = scale * MPII_SCALE
    return center[0] - side / 2, center[1] + scale * LOWERED - side / 2, side, side


def persons(annotations: list[dict[str, Any]], size: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """Give the annotations that are one person with a labelled keypoint and a box with an area."""
    for annotation in annotations:
        if annotation.get("iscrowd") or not any(annotation.get("keypoints", ())):
            continue
        _, _, width, height = _clipped(annotation["bbox"], size)
        if annotation["area"] > 0 and width >= 0 and height >= 0:
            yield annotation


def widened(box: Bounds, aspect: float, padding: float) -> Box:
    """Return x, y, width, height as a box of the shape width / height = aspect, and `padding`."""
    x, y, width, height = box
    across, down = max(width, height * aspect), max(height, width / aspect)
    return Box(x + width / 2, y + height / 2, across * padding, down * padding)


def affine_of(box: Box, height: int, width: int, udp: bool) -> np.ndarray:
    """Return the map from the input's pixels to the picture's, [2, 3]."""
    steps = np.array([width, height]) - (1 if udp else 0)
    scale = np.array([box.width, box.height]) / steps
    # Without UDP, width / 2 in the input is the box's centre: HRNet's get_affine_transform.
    start = np.array([box.x, box.y]) - scale * steps / 2
    return np.array([[scale[0], 0.0, start[0]], [0.0, scale[1], start[1]]])


def _clipped(bbox: list[float], size: tuple[int, ...]) -> Bounds:
    """Clip x, y, width, height to a picture: the last pixels' centres bound it, as upstream."""
    height, width = size
    left, top = max(0.0, bbox[0]), max(0.0, bbox[1])
    right = min(width - 1.0, left + max(0.0, bbox[2] - 1))
    bottom = min(height - 1.0, top + max(0.0, bbox[3] - 1))
    return left, top, right - left, bottom - top


def _coordinates(affine: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the input's rows and columns lie in the picture."""
    rows = affine[1, 1] * np.arange(height) + affine[1, 2]
    columns = affine[0, 0] * np.arange(width) + affine[0, 2]
    return rows, columns
