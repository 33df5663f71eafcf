"""Things of a few of COCO's categories, made of polygons."""

from collections.abc import Callable

import numpy as np

from retable_data.scenes.canvas import Canvas, Colour, Point, around

Draw = Callable[[Canvas, Point, float, np.random.RandomState], None]


def _traffic_light(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    canvas.polygon(_rectangle(at, size * 0.42, size), (38, 38, 42))
    lit = random.randint(3)
    for place, colour in enumerate(((235, 52, 46), (250, 196, 40), (58, 208, 96))):
        red, green, blue = colour if place == lit else (part // 4 for part in colour)
        canvas.disc((at[0], at[1] + (place - 1) * size * 0.31), size * 0.13, (red, green, blue))


def _stop_sign(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    canvas.polygon(around(at, size / 2, 8, np.pi / 8), (246, 246, 246))
    canvas.polygon(around(at, size * 0.46, 8, np.pi / 8), (200, 30, 36))
    canvas.polygon(_rectangle(at, size * 0.6, size * 0.14), (246, 246, 246))


def _ball(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    canvas.disc(at, size / 2, (240, 240, 236))
    canvas.polygon(around(at, size * 0.18, 5), (30, 30, 34))
    for x, y in around(at, size * 0.37, 5, np.pi / 5):
        canvas.disc((x, y), size * 0.09, (30, 30, 34))


def _kite(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    turn = random.uniform(-0.6, 0.6)
    corners = [
        (at[0] + length * size * np.sin(turn + angle), at[1] - length * size * np.cos(turn + angle))
        for angle, length in ((0, 0.4), (np.pi / 2, 0.3), (np.pi, 0.6), (-np.pi / 2, 0.3))
    ]
    first, second = _bright(random), _bright(random)
    canvas.polygon(corners, first)
    canvas.polygon([corners[0], corners[1], corners[2]], second)


def _bottle(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    colour = ((34, 112, 62), (112, 66, 26), (120, 170, 196))[random.randint(3)]
    x, y = at
    canvas.polygon(_rectangle((x, y + size * 0.17), size * 0.32, size * 0.66), colour)
    canvas.polygon(_rectangle((x, y - size * 0.3), size * 0.13, size * 0.4), colour)
    canvas.polygon(_rectangle((x, y + size * 0.2), size * 0.32, size * 0.26), (236, 230, 206))


def _apple(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    colour = ((198, 36, 40), (130, 180, 52))[random.randint(2)]
    x, y = at
    for side in (-1, 1):
        canvas.disc((x + side * size * 0.17, y), size * 0.32, colour)
    canvas.limb((x, y - size * 0.25), (x + size * 0.06, y - size * 0.45), (2.5, 2.5), (84, 56, 30))


def _book(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    canvas.polygon(_rectangle(at, size * 0.72, size), _bright(random))
    canvas.polygon(_rectangle((at[0] - size * 0.3, at[1]), size * 0.07, size), (40, 40, 52))
    canvas.polygon(_rectangle((at[0] + size * 0.05, at[1] - size * 0.2), size * 0.4, size * 0.12),
                   (244, 240, 226))  # fmt: skip


def _clock(canvas: Canvas, at: Point, size: float, random: np.random.RandomState) -> None:
    canvas.disc(at, size / 2, (58, 46, 38))
    canvas.disc(at, size * 0.43, (248, 246, 240))
    for reach in (0.24, 0.36):
        end = around(at, size * reach, 1, random.uniform(0, 2 * np.pi))[0]
        canvas.limb(at, end, (3.0, 2.0), (24, 24, 28))


# COCO's id -> its name, how it is drawn about its centre, and its largest and smallest size.
THINGS: dict[int, tuple[str, Draw, tuple[float, float]]] = {
    10: ("traffic light", _traffic_light, (30, 110)),
    13: ("stop sign", _stop_sign, (30, 110)),
    37: ("sports ball", _ball, (18, 70)),
    38: ("kite", _kite, (30, 120)),
    44: ("bottle", _bottle, (28, 100)),
    53: ("apple", _apple, (16, 60)),
    84: ("book", _book, (22, 90)),
    85: ("clock", _clock, (20, 110)),
}


def _rectangle(at: Point, width: float, height: float) -> list[tuple[float, float]]:
    x, y = at
    return [
        (x + across * width / 2, y + down * height / 2)
        for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _bright(random: np.random.RandomState) -> Colour:
    colour = random.randint(20, 120, 3)
    colour[random.randint(3)] += 130
    red, green, blue = colour
    return int(red), int(green), int(blue)
