"""People: on foot, and seated on what they ride."""

import math
from typing import NamedTuple

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets.camera import Front
from retable_data.streets.canvas import Canvas, Colour
from retable_data.streets.shapes import Box, Capsule, Disc

_SKIN = ((0.94, 0.76, 0.64), (0.8, 0.58, 0.44), (0.52, 0.35, 0.25), (0.36, 0.24, 0.18))
_HAIR = ((0.12, 0.09, 0.07), (0.3, 0.2, 0.12), (0.62, 0.48, 0.28), (0.55, 0.55, 0.54))
_TROUSERS = ((0.14, 0.16, 0.26), (0.2, 0.2, 0.21), (0.42, 0.38, 0.3), (0.3, 0.34, 0.42))
_HELMETS = ((0.95, 0.9, 0.85), (0.9, 0.2, 0.15), (0.98, 0.75, 0.1), (0.15, 0.45, 0.85))

Point = tuple[float, float]


class Clothes(NamedTuple):
    """Colours of a person."""

    skin: Colour
    hair: Colour
    top: Colour
    trousers: Colour
    shoes: Colour


def clothes(random: np.random.RandomState) -> Clothes:
    """Return the colours of somebody."""
    top = random.uniform(0.08, 0.95, 3)
    return Clothes(
        _one(random, _SKIN),
        _one(random, _HAIR),
        (float(top[0]), float(top[1]), float(top[2])),
        _one(random, _TROUSERS),
        (0.12, 0.1, 0.1) if random.random_sample() < 0.7 else (0.9, 0.9, 0.9),
    )


def paint_person(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint somebody who stands or walks."""
    size = (
        random.uniform(0.95, 1.08) if random.random_sample() < 0.85 else random.uniform(0.65, 0.8)
    )
    plane = Front(canvas.camera, x, z, mirrored=random.random_sample() < 0.5)
    worn, label = clothes(random), ID["person"]
    stride = random.uniform(0.02, 0.26) * size
    hip, shoulder = 0.86 * size, 1.42 * size
    skirt = random.random_sample() < 0.2
    for side in (-1, 1):
        foot = (side * stride + 0.05 * side, 0.06)
        knee = (side * stride * 0.6 + 0.05, 0.46 * size)
        _limb(
            canvas, plane, [(side * 0.08, hip), knee, foot], (0.1, 0.08, 0.07), worn.trousers, label
        )
        canvas.paint(plane, Capsule(foot, (foot[0] + 0.12, 0.06), 0.065), worn.shoes, label)
    _arm(canvas, plane, worn, (-0.2, shoulder - 0.05), random.uniform(-0.5, 0.1), size, label)
    torso = Box(-0.24 * size, 0.24 * size, hip - 0.08, shoulder + 0.04, 0.12)
    canvas.paint(plane, torso, worn.top, label)
    if skirt:
        canvas.paint(plane, Capsule((0, hip), (0, 0.6 * size), 0.2, 0.27), worn.top, label)
    _arm(canvas, plane, worn, (0.2, shoulder - 0.05), random.uniform(-0.1, 0.6), size, label)
    if random.random_sample() < 0.3:
        bag = Box(0.2, 0.5, hip - 0.4, hip - 0.05, 0.05)
        canvas.paint(plane, bag, _one(random, _HELMETS), label)
    _head(canvas, plane, (0.0, 1.62 * size), worn.skin, worn.hair, label)


def paint_rider(
    canvas: Canvas,
    plane: Front,
    seat: Point,
    hands: Point,
    feet: tuple[Point, Point],
    random: np.random.RandomState,
) -> None:
    """Paint a rider who looks along s: seat, handlebars and pedals are given, in metres."""
    worn, label = clothes(random), ID["rider"]
    lean = random.uniform(0.16, 0.34)
    shoulder = (seat[0] + lean, seat[1] + 0.58)
    for foot in reversed(feet):
        knee = _joint(seat, foot, 0.22)
        _limb(canvas, plane, [seat, knee, foot], (0.115, 0.09, 0.07), worn.trousers, label)
        canvas.paint(plane, Capsule(foot, (foot[0] + 0.13, foot[1]), 0.06), worn.shoes, label)
    canvas.paint(plane, Capsule((seat[0], seat[1] + 0.1), shoulder, 0.21, 0.2), worn.top, label)
    _limb(
        canvas,
        plane,
        [shoulder, _joint(shoulder, hands, -0.1), hands],
        (0.09, 0.075, 0.06),
        worn.top,
        label,
    )
    head = (shoulder[0] + 0.1, shoulder[1] + 0.33)
    canvas.paint(plane, Disc(*head, 0.14, 1.15), worn.skin, label)
    helmet = _one(random, _HELMETS)
    canvas.paint(
        plane,
        Capsule((head[0] - 0.06, head[1] + 0.08), (head[0] + 0.06, head[1] + 0.08), 0.14),
        helmet,
        label,
    )


def _arm(
    canvas: Canvas,
    plane: Front,
    worn: Clothes,
    shoulder: Point,
    angle: float,
    size: float,
    label: int,
) -> None:
    across, down = math.sin(angle) * size, math.cos(angle) * size
    elbow = (shoulder[0] + across * 0.28, shoulder[1] - down * 0.28)
    hand = (elbow[0] + across * 0.2 + 0.05, elbow[1] - down * 0.26)
    _limb(canvas, plane, [shoulder, elbow, hand], (0.085, 0.07, 0.055), worn.top, label)
    canvas.paint(plane, Disc(*hand, 0.06), worn.skin, label)


def _limb(
    canvas: Canvas,
    plane: Front,
    points: list[Point],
    thick: tuple[float, ...],
    colour: Colour,
    label: int,
) -> None:
    for part in range(len(points) - 1):
        limb = Capsule(points[part], points[part + 1], thick[part], thick[part + 1])
        canvas.paint(plane, limb, colour, label)


def _head(
    canvas: Canvas, plane: Front, centre: Point, skin: Colour, hair: Colour, label: int
) -> None:
    canvas.paint(plane, Capsule((centre[0], centre[1] - 0.2), centre, 0.06), skin, label)
    canvas.paint(plane, Disc(centre[0], centre[1] + 0.02, 0.135, 1.2), hair, label)
    canvas.paint(plane, Disc(centre[0] + 0.03, centre[1] - 0.03, 0.105, 1.15), skin, label)


def _joint(start: Point, stop: Point, bend: float) -> Point:
    """Return the knee or elbow between two points, `bend` metres beside their middle."""
    across, up = stop[0] - start[0], stop[1] - start[1]
    length = max((across * across + up * up) ** 0.5, 1e-6)
    middle = ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2)
    return middle[0] - up / length * bend, middle[1] + across / length * bend


def _one(random: np.random.RandomState, colours: tuple[Colour, ...]) -> Colour:
    return colours[random.randint(len(colours))]
