"""What stands at the kerb: lamp posts, traffic lights, traffic signs."""

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets.camera import Front
from retable_data.streets.canvas import Canvas, Colour
from retable_data.streets.shapes import Box, Capsule, Disc, Polygon

_METAL = ((0.5, 0.52, 0.53), (0.32, 0.33, 0.34), (0.2, 0.28, 0.24), (0.62, 0.62, 0.6))
_THINNEST = 4.6  # pixels of a pole: what a network at stride 8 can learn


def paint_lamp(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint a lamp post whose arm reaches over the street; the lamp is part of the pole."""
    plane = Front(canvas.camera, x, z, mirrored=x > 0)
    metal, thick = _metal(random), _thickness(canvas, z, 0.09)
    tall, reach = random.uniform(5.5, 8.5), random.uniform(0.9, 2.2)
    canvas.paint(plane, Capsule((0, 0), (0, tall), thick, thick * 0.8), metal, ID["pole"])
    canvas.paint(plane, Capsule((0, 0), (0, 0.8), thick * 1.5), metal, ID["pole"])
    arm = Capsule((0, tall), (reach, tall + 0.35), thick * 0.75)
    canvas.paint(plane, arm, metal, ID["pole"])
    canvas.paint(
        plane,
        Capsule((reach, tall + 0.3), (reach + 0.6, tall + 0.3), 0.14),
        (0.9, 0.9, 0.82),
        ID["pole"],
    )


def paint_bollard(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint a low post."""
    thick = _thickness(canvas, z, 0.09)
    plane = Front(canvas.camera, x, z)
    canvas.paint(plane, Capsule((0, 0), (0, 1.0), thick), _metal(random), ID["pole"])
    canvas.paint(plane, Box(-thick, thick, 0.75, 0.9), (0.85, 0.2, 0.15), ID["pole"])


def paint_traffic_light(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint a traffic light on its pole, or hanging over the street from an arm."""
    thick = _thickness(canvas, z, 0.08)
    metal = _metal(random)
    plane = Front(canvas.camera, x, z, mirrored=x > 0)
    low = random.uniform(2.2, 3.0)
    canvas.paint(plane, Capsule((0, 0), (0, low + 0.7), thick), metal, ID["pole"])
    on = random.randint(3)
    if random.random_sample() < 0.4:
        tall, reach = low + 2.4, random.uniform(2.0, 3.4)
        canvas.paint(plane, Capsule((0, low), (0, tall), thick), metal, ID["pole"])
        canvas.paint(plane, Capsule((0, tall), (reach, tall), thick * 0.8), metal, ID["pole"])
        _paint_head(canvas, plane, reach, tall - 1.1, on)
    _paint_head(canvas, plane, 0.0, low, on)


def _paint_head(canvas: Canvas, plane: Front, s: float, low: float, on: int) -> None:
    label = ID["traffic light"]
    canvas.paint(plane, Box(s - 0.31, s + 0.31, low, low + 1.35, 0.1), (0.1, 0.11, 0.1), label)
    for lamp, (bright, dark) in enumerate(
        (
            ((0.25, 1.0, 0.55), (0.05, 0.2, 0.12)),
            ((1.0, 0.8, 0.2), (0.25, 0.18, 0.04)),
            ((1.0, 0.18, 0.12), (0.26, 0.05, 0.04)),
        )
    ):
        lit = lamp == on or (on == 2 and lamp == 1 and low > 4)
        centre = low + 0.26 + 0.42 * lamp
        canvas.paint(plane, Disc(s, centre, 0.165), bright if lit else dark, label)


def paint_sign(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint one or two traffic signs on a pole."""
    thick = _thickness(canvas, z, 0.06)
    plane = Front(canvas.camera, x, z)
    low = random.uniform(2.0, 2.6)
    canvas.paint(plane, Capsule((0, 0), (0, low + 0.9), thick), _metal(random), ID["pole"])
    centre = low + 0.6
    _paint_plate(canvas, plane, centre, random)
    if random.random_sample() < 0.3:
        _paint_plate(canvas, plane, centre + 1.15, random)


def _paint_plate(canvas: Canvas, plane: Front, t: float, random: np.random.RandomState) -> None:
    label, size = ID["traffic sign"], random.uniform(0.48, 0.62)
    red, white, blue = (0.82, 0.1, 0.1), (0.94, 0.94, 0.92), (0.1, 0.28, 0.72)
    yellow, black = (0.97, 0.8, 0.12), (0.1, 0.1, 0.1)
    kind = random.randint(6)
    if kind == 0:  # a limit
        _paint_discs(canvas, plane, t, ((size, red), (size * 0.74, white)))
        for s in (-0.16, 0.16):
            canvas.paint(plane, Box(s - 0.1, s + 0.1, t - 0.2, t + 0.2, 0.08), black, label)
    elif kind == 1:  # no entry
        _paint_discs(canvas, plane, t, ((size, red),))
        canvas.paint(plane, Box(-0.34, 0.34, t - 0.1, t + 0.1), white, label)
    elif kind == 2:  # a warning
        for scale, colour in ((1.15, red), (0.7, white)):
            canvas.paint(plane, _triangle(t - 0.05, size * scale), colour, label)
    elif kind == 3:  # an order
        _paint_discs(canvas, plane, t, ((size, blue),))
        canvas.paint(plane, Capsule((0, t - 0.25), (0, t + 0.25), 0.07), white, label)
    elif kind == 4:  # the way to cross
        canvas.paint(plane, Box(-size, size, t - size, t + size, 0.06), blue, label)
        canvas.paint(plane, _triangle(t - 0.08, size * 0.85), white, label)
    else:  # priority
        for scale, colour in ((1.1, white), (0.75, yellow)):
            wide = size * scale
            corners = ((wide, t), (0, t + wide), (-wide, t), (0, t - wide))
            canvas.paint(plane, Polygon(*corners), colour, label)


def paint_board(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint a board with directions on two poles."""
    thick = _thickness(canvas, z, 0.06)
    plane, metal = Front(canvas.camera, x, z), _metal(random)
    wide, low = random.uniform(0.8, 1.2), random.uniform(2.2, 3.2)
    for s in (-wide * 0.7, wide * 0.7):
        canvas.paint(plane, Capsule((s, 0), (s, low), thick), metal, ID["pole"])
    label = ID["traffic sign"]
    base = ((0.1, 0.28, 0.7), (0.95, 0.8, 0.15), (0.08, 0.42, 0.22))[random.randint(3)]
    letters = (0.95, 0.95, 0.93) if base[0] < 0.5 else (0.1, 0.1, 0.1)
    canvas.paint(plane, Box(-wide, wide, low, low + 1.3, 0.08), letters, label)
    canvas.paint(plane, Box(-wide + 0.06, wide - 0.06, low + 0.06, low + 1.24, 0.06), base, label)
    for line in (0.35, 0.75):
        long = random.uniform(0.2, 0.9)
        text = Box(-wide * 0.8, -wide * 0.8 + wide * 1.5 * long, low + line, low + line + 0.2)
        canvas.paint(plane, text, letters, label)


def _paint_discs(
    canvas: Canvas, plane: Front, t: float, discs: tuple[tuple[float, Colour], ...]
) -> None:
    for radius, colour in discs:
        canvas.paint(plane, Disc(0, t, radius), colour, ID["traffic sign"])


def _triangle(t: float, size: float) -> Polygon:
    return Polygon((-size, t - 0.55 * size), (size, t - 0.55 * size), (0, t + 1.1 * size))


def _metal(random: np.random.RandomState) -> Colour:
    red, green, blue = _METAL[random.randint(len(_METAL))]
    shift = random.uniform(-0.06, 0.06)
    return red + shift, green + shift, blue + shift


def _thickness(canvas: Canvas, z: float, radius: float) -> float:
    """Return a pole's radius in metres: no thinner than what can be learnt."""
    least = _THINNEST / 2 * z / canvas.camera.focal * (canvas.camera.height / 384.0)
    return max(radius, least)
