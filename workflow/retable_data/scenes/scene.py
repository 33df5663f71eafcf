"""A scene: persons and things before a background, and what COCO would say of them."""

from typing import Any, NamedTuple

import numpy as np

from retable_data import joints, masks
from retable_data.scenes import bodies
from retable_data.scenes.canvas import Canvas
from retable_data.scenes.things import THINGS

PERSON = 1
_LEAST_PIXELS = 40  # of an object that is annotated
_NOISE = 2.0


class Drawn(NamedTuple):
    """What was drawn, by its number on the canvas."""

    category: int
    body: bodies.Body | None


class Scene(NamedTuple):
    """A picture, uint8 [H, W, 3], and its annotations: COCO's keys but for `id` and `image_id`."""

    picture: np.ndarray
    annotations: list[dict[str, Any]]


def scene(random: np.random.RandomState, height: int, width: int) -> Scene:
    """Draw a scene by chance: what is larger stands nearer, and hides what is behind."""
    canvas = Canvas(_background(random, height, width))
    drawn = [
        _person(canvas, random, height, width, size)
        for size in sorted(random.uniform(0.2, 0.9, random.randint(1, 5)))
    ]
    drawn += [_thing(canvas, random, height, width) for _ in range(random.randint(2, 7))]
    owners = canvas.owners
    annotations = [_annotation(owners == place, one) for place, one in enumerate(drawn, start=1)]
    noise = random.standard_normal(canvas.picture.shape) * _NOISE
    picture = np.clip(np.rint(canvas.picture + noise), 0, 255).astype(np.uint8)
    return Scene(picture, [one for one in annotations if one["area"] >= _LEAST_PIXELS])


def _person(
    canvas: Canvas, random: np.random.RandomState, height: int, width: int, size: float
) -> Drawn:
    tall = size * height
    across = random.uniform(0.05, 0.95) * width
    # Near ones stand lower in the picture; pelvis at half their height.
    feet = height * (0.62 + 0.4 * size)
    body = bodies.posed(random, (across, feet - tall * 0.5), tall)
    canvas.begin()
    bodies.draw(canvas, body, random)
    return Drawn(PERSON, body)


def _thing(canvas: Canvas, random: np.random.RandomState, height: int, width: int) -> Drawn:
    category = sorted(THINGS)[random.randint(len(THINGS))]
    _, draw, (least, most) = THINGS[category]
    size = least * (most / least) ** random.random_sample()
    canvas.begin()
    draw(canvas, (random.uniform(0, width), random.uniform(0, height)), size, random)
    return Drawn(category, None)


def _background(random: np.random.RandomState, height: int, width: int) -> np.ndarray:
    """Draw a wall and a floor, uint8 [H, W, 3], each from one colour to another."""
    horizon = int(height * random.uniform(0.45, 0.65))
    made = np.empty((height, width, 3))
    for rows in (slice(None, horizon), slice(horizon, None)):
        first, second = random.uniform(90, 215, (2, 3))
        share = np.linspace(0, 1, made[rows].shape[0])[:, None, None]
        made[rows] = first * (1 - share) + second * share
    for _ in range(random.randint(3, 8)):
        top, left = random.randint(0, height), random.randint(0, width)
        down, across = random.randint(20, height // 2), random.randint(20, width // 3)
        made[top : top + down, left : left + across] *= random.uniform(0.75, 1.15)
    return np.clip(made, 0, 255).astype(np.uint8)


def _annotation(mask: np.ndarray, one: Drawn) -> dict[str, Any]:
    """Describe the visible part of an object, `mask` [H, W], as COCO does."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return {"area": 0.0}
    top, left = int(rows[0]), int(columns[0])
    described: dict[str, Any] = {
        "category_id": one.category,
        "iscrowd": 0,
        "area": float(mask.sum()),
        "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
        "segmentation": {"size": list(mask.shape), "counts": masks.run_lengths(mask)},
    }
    if one.body is None:
        return described
    bounds = (left, top, int(columns[-1]), int(rows[-1]))
    return {**described, **_person_keys(mask, bounds, one.body)}


def _person_keys(
    mask: np.ndarray, bounds: tuple[int, int, int, int], body: bodies.Body
) -> dict[str, Any]:
    coco = _labelled(mask, bounds, body.joints_of(joints.COCO))
    return {
        "keypoints": coco,
        "num_keypoints": sum(visibility > 0 for visibility in coco[2::3]),
        "joints": _labelled(mask, bounds, body.joints_of(joints.MPII)),
        "head_box": [round(value, 2) for value in body.head_box],
        "center": [round(float(value), 2) for value in body.center],
        "scale": round(body.height / joints.MPII_SCALE, 4),
    }


def _labelled(
    mask: np.ndarray, bounds: tuple[int, int, int, int], places: np.ndarray
) -> list[float]:
    """Return x, y, visibility of joints in turn: 2 seen, 1 hidden.

    What lies outside of all that is seen of the person, nobody could label: 0, and x = y = 0.
    """
    left, top, right, bottom = bounds
    made: list[float] = []
    for x, y in places:
        row, column = round(float(y)), round(float(x))
        if left <= column <= right and top <= row <= bottom:
            made += [round(float(x), 2), round(float(y), 2), 2 if mask[row, column] else 1]
        else:
            made += [0, 0, 0]
    return made
