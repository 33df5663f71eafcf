"""Poses: from heatmaps to the picture, how alike two of them are, which of them to keep.

A pose is [K, 3]: x and y in pixels of the picture, and the joint's score.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from retable_data import heatmaps
from retable_data.arrays import Entries
from retable_data.joints import COCO_SIGMAS
from retable_job.errors import JobError

OUTPUT = "heatmaps"
VISIBLE = 0.2  # joints above it make a pose's score: HRNet's and PaddleDetection's in_vis_thre
OKS_LIMIT = 0.9  # their oks_thre


class Found(NamedTuple):
    """A pose [K, 3] and the placement it was found in."""

    pose: np.ndarray
    placement: dict[str, Any]


def found_in(
    placements: Sequence[dict[str, Any]],
    predictions: Mapping[str, Entries],
    mirror: Sequence[int],
    options: Mapping[str, Any],
) -> Iterator[Found]:
    """Decode the output `heatmaps` [N, K, h, w], one person at a time.

    Options: `decoding` (of `retable_data.heatmaps`; default "quarter"), `kernel` (3 or 11 pixels;
    default 11), `shift` (the mirrored heatmaps by a pixel, in the flip test; default: unless the
    inputs were placed by UDP), `unbiased` (map back by UDP; default: if the inputs were so placed).
    """
    maps = _heatmaps(predictions, len(mirror))
    for place, placement in enumerate(placements):
        if placement.get("flipped"):
            continue  # merged with the one before
        person = maps[place]
        following = placements[place + 1] if place + 1 < len(placements) else {}
        if following.get("flipped"):
            shift = options.get("shift", not placement["udp"])
            person = heatmaps.merged(person, maps[place + 1], mirror, shift)
        way, kernel = options.get("decoding", "quarter"), options.get("kernel", 11)
        joints = heatmaps.decoded(person, way, kernel)
        unbiased = options.get("unbiased", placement["udp"])
        places = to_picture(joints.places, placement, person.shape[1:], unbiased)
        yield Found(np.column_stack([places, joints.scores]), placement)


def _heatmaps(predictions: Mapping[str, Entries], joints: int) -> Entries:
    found = predictions.get(OUTPUT)
    if found is None:
        raise JobError(f"keypoints are read from the output {OUTPUT!r}, not {list(predictions)}")
    if len(found.shape) != 4 or found.shape[1] != joints:
        raise JobError(f"heatmaps are [N, {joints}, H, W], not {list(found.shape)}")
    return found


def to_picture(
    places: np.ndarray, placement: Mapping[str, Any], size: tuple[int, ...], unbiased: bool
) -> np.ndarray:
    """Map places [K, 2] in a heatmap of `size` (h, w) to pixels of the picture.

    `unbiased` takes the heatmap's corner pixels for the corners of the widened box, as UDP does;
    else the heatmap's width is the box's, as HRNet has it. PaddleDetection does the latter even
    where it places inputs by UDP.
    """
    affine = np.array(placement["affine"])
    scale, start = np.diagonal(affine[:, :2]), affine[:, 2]
    input_size, map_size = np.array(placement["input"])[::-1], np.array(size)[::-1]
    box = scale * (input_size - 1 if placement["udp"] else input_size)
    return start + places * box / (map_size - 1 if unbiased else map_size)


def scored(pose: np.ndarray, box_score: float) -> float:
    """Return a pose's score: the box's times the mean of the joints' that are visible."""
    visible = pose[:, 2][pose[:, 2] > VISIBLE]
    return float(visible.mean() * box_score) if visible.size else 0.0


def similarity(one: np.ndarray, others: np.ndarray, area: float, areas: np.ndarray) -> np.ndarray:
    """Return the object keypoint similarity of a pose with others [n, K, 3]: [n], 0 to 1.

    Distances are measured by the mean of the two areas: `oks_iou` of HRNet.
    """
    squares = ((others[:, :, :2] - one[:, :2]) ** 2).sum(axis=2)
    variances = (2 * COCO_SIGMAS) ** 2
    mean_areas = (area + areas) / 2 + np.spacing(1)
    return np.exp(-squares / variances / mean_areas[:, None] / 2).mean(axis=1)


def kept(poses: np.ndarray, scores: np.ndarray, areas: np.ndarray) -> list[int]:
    """Return which poses [n, K, 3] to keep: none that is more than 0.9 like a better one."""
    order = list(np.argsort(-scores, kind="stable"))
    chosen = []
    while order:
        best, *rest = order
        chosen.append(int(best))
        alike = similarity(poses[best], poses[rest], areas[best], areas[rest])
        order = [other for other, how in zip(rest, alike, strict=True) if how <= OKS_LIMIT]
    return chosen
