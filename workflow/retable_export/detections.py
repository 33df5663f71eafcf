"""Two lists of detections: ranked by score, so that near ties decide who stands where, or at all.

Held against each other by place, two runs of one network may differ by a whole box. Here each is
looked for by its class and its box. What is nearly tied is not held against anyone: who made the
end of the list, or which of two overlapping boxes was kept (non-maximum suppression).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retable_export import compare
from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "detections"  # what the facts of the lists are called among those of a detector's outputs
NEEDED = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
# What belongs to a detection and stands in its row, each [N, D, ...]: what is compared of it.
ROWS = (
    "detection_boxes",
    "detection_scores",
    "detection_multiclass_scores",
    "detection_masks",
    "detection_keypoints",
    "detection_keypoint_scores",
)
SAME = 0.99  # intersection over union of a box and itself, as computed twice
NEAR = 1e-4  # of the picture's side: as near is the same place, however small the box
OVERLAPPING = 0.5  # from here on suppression may have kept one in place of the other
TIED = 1e-3  # of a score, between 0 and 1


def are_given(outputs: Mapping[str, np.ndarray]) -> bool:
    """Whether these are a detector's outputs, as the TensorFlow detection zoo names them."""
    return all(name in outputs for name in NEEDED)


def is_ranked(name: str) -> bool:
    """Whether an output of a detector is of its lists: its rows stand by score."""
    return name.startswith("detection_") or name == "num_detections"


def compared(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Compare the lists of all pictures; outputs have shapes [N, D, ...], boxes y1, x1, y2, x2.

    `agreement` is the share of detections, of both lists, that the other has too, with the same
    class and box; `nearly_tied` counts those that no list is blamed for. `rows` holds
    `compare.distance` of what the common ones have (score, box, mask ...); the facts of the output
    that is the farthest away stand beside. JobError where there is nothing, or nothing but ties.
    """
    matches = [
        _matched(_picture(found, one), _picture(wanted, one))
        for one in range(len(wanted["num_detections"]))
    ]
    common = sum(len(match.common) for match in matches)
    lost = sum(match.lost for match in matches)
    tied = sum(match.tied for match in matches)
    if not common + lost:
        told = f"all {tied} detections are nearly tied" if tied else "there are no detections"
        raise JobError(f"{told}: nothing can be held against anything")
    rows = {
        name: compare.distance(*_rows_of(name, found, wanted, matches))
        for name in ROWS
        if name in wanted and common
    }
    worst = max(rows.values(), key=lambda facts: facts["relative"], default={})
    return {
        "of": NAME,
        "agreement": 2 * common / (2 * common + lost),
        "nearly_tied": tied,
        **worst,
        "rows": rows,
    }


class _List(NamedTuple):
    """One picture's detections."""

    boxes: np.ndarray  # [d, 4]
    classes: np.ndarray  # [d]
    scores: np.ndarray  # [d]
    is_full: bool  # what scores lower may have found no place


class _Match(NamedTuple):
    """Two lists of a picture, held against each other."""

    common: list[tuple[int, int]]  # rows of what both have: (found, wanted)
    lost: int  # of either list: the other ought to have it
    tied: int  # of either list: the other may well lack it


def _picture(outputs: Mapping[str, np.ndarray], one: int) -> _List:
    boxes, classes, scores, count = (outputs[name][one] for name in NEEDED)
    number = int(count)
    return _List(
        boxes[:number], np.rint(classes[:number]), scores[:number], 0 < number == len(scores)
    )


def _matched(found: _List, wanted: _List) -> _Match:
    overlap = _overlap(found.boxes, wanted.boxes)
    overlap[found.classes[:, None] != wanted.classes[None, :]] = 0.0
    common, tied = [], 0
    left, missed = set(range(len(found.scores))), set(range(len(wanted.scores)))
    for ours, theirs in _nearest_first(overlap):
        if ours not in left or theirs not in missed:
            continue
        if overlap[ours, theirs] >= SAME:
            common.append((ours, theirs))
        elif abs(found.scores[ours] - wanted.scores[theirs]) <= TIED:
            tied += 2
        else:
            continue
        left.remove(ours)
        missed.remove(theirs)
    at_the_end = _at_the_end(found, left, wanted) + _at_the_end(wanted, missed, found)
    return _Match(common, len(left) + len(missed) - at_the_end, tied + at_the_end)


def _nearest_first(overlap: np.ndarray) -> np.ndarray:
    """The pairs that overlap, (row, column), from the nearest on."""
    pairs = np.argwhere(overlap >= OVERLAPPING)
    order = np.argsort(-overlap[tuple(pairs.T)], kind="stable")
    return pairs[order]


def _at_the_end(own: _List, alone: set[int], other: _List) -> int:
    """How many of `alone` score as the last of the other list does, which is full, or below."""
    if not other.is_full:
        return 0
    end = other.scores.min() + TIED
    return sum(bool(own.scores[one] <= end) for one in alone)


def _overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes [a, 4] with boxes [b, 4]: [a, b].

    Of boxes whose sides are as near as `NEAR` it is 1, whatever their area.
    """
    one, other = first[:, None].astype(np.float64), second[None].astype(np.float64)
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    both = np.clip(sides, 0, None).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (one, other)]
    either = areas[0] + areas[1] - both
    shares = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return np.where(np.abs(one - other).max(-1, initial=0) <= NEAR, 1.0, shares)


def _rows_of(
    name: str,
    found: Mapping[str, np.ndarray],
    wanted: Mapping[str, np.ndarray],
    matches: list[_Match],
) -> tuple[np.ndarray, np.ndarray]:
    """An output's rows of the common detections of all pictures: found, and wanted."""
    places = [(picture, *pair) for picture, match in enumerate(matches) for pair in match.common]
    pictures, ours, theirs = np.array(places).T
    return found[name][pictures, ours], wanted[name][pictures, theirs]
