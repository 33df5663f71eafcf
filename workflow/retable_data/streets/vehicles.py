"""Cars, lorries, buses and trams: an end that faces us and a side, or a side alone when they cross.

A side is painted with its front at s = 0 and its rear at s = `length`.
"""

from typing import NamedTuple

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets.camera import Front, Ground, Patch, Side
from retable_data.streets.canvas import Canvas, Colour, Texture
from retable_data.streets.shapes import Box, Disc, Polygon
from retable_data.streets.textures import band, pulses

_BLACK = (0.05, 0.05, 0.06)
_GLASS = (0.16, 0.2, 0.25)
_RUBBER = (0.07, 0.07, 0.07)
_HUB = (0.55, 0.56, 0.58)
_WHITE_LAMP, _RED_LAMP = (1.0, 0.98, 0.88), (0.85, 0.08, 0.07)
_CARS = (
    (0.85, 0.86, 0.87),
    (0.12, 0.12, 0.13),
    (0.5, 0.52, 0.54),
    (0.65, 0.08, 0.08),
    (0.1, 0.2, 0.5),
    (0.2, 0.32, 0.26),
    (0.72, 0.66, 0.52),
    (0.3, 0.42, 0.6),
)
_BUSES = ((0.93, 0.72, 0.08), (0.85, 0.12, 0.12), (0.1, 0.45, 0.75), (0.25, 0.6, 0.25))
_BOXES = ((0.9, 0.9, 0.88), (0.86, 0.84, 0.76), (0.3, 0.4, 0.6), (0.6, 0.62, 0.64))
_TRAMS = (
    ((0.9, 0.88, 0.8), (0.75, 0.12, 0.12)),
    ((0.94, 0.94, 0.92), (0.1, 0.5, 0.35)),
    ((0.88, 0.9, 0.92), (0.15, 0.2, 0.6)),
)

_CAB = 2.15  # metres of a lorry before its box

Plane = Front | Side


class Vehicle(NamedTuple):
    """A kind of vehicle with its measures in metres and its colours."""

    kind: str
    length: float
    width: float
    height: float
    paint: Colour
    second: Colour


def drawn(kind: str, random: np.random.RandomState) -> Vehicle:
    """Return one of a kind: "car", "truck", "bus" or "train"."""
    if kind == "car":
        size = random.uniform(0.93, 1.12)
        tall = random.uniform(1.4, 1.8)
        return Vehicle(kind, 4.3 * size, 1.82 * size, tall, _one(random, _CARS), _BLACK)
    if kind == "truck":
        length, tall = random.uniform(6.5, 10), random.uniform(2.9, 3.7)
        cab = _one(random, (*_CARS, *_BUSES))
        return Vehicle(kind, length, 2.4, tall, cab, _one(random, _BOXES))
    if kind == "bus":
        length, tall = random.uniform(9.5, 12), random.uniform(2.95, 3.3)
        return Vehicle(kind, length, 2.5, tall, _one(random, _BUSES), _BLACK)
    first, second = _TRAMS[random.randint(len(_TRAMS))]
    return Vehicle(kind, random.uniform(18, 30), 2.45, random.uniform(3.4, 3.7), first, second)


def paint_along(canvas: Canvas, vehicle: Vehicle, x: float, z: float, towards: bool) -> None:
    """Paint a vehicle on the street, its middle at `x` and its near end at `z`.

    `towards` us: we see its front.
    """
    _paint_shadow(canvas, x, z, vehicle.width, vehicle.length)
    half = vehicle.width / 2
    edge = x - half if x > 0 else x + half
    if abs(x) > half:
        near = Side(canvas.camera, edge, z if towards else z + vehicle.length, not towards)
        _SIDES[vehicle.kind](canvas, near, vehicle)
    _ENDS[vehicle.kind](canvas, Front(canvas.camera, x, z), vehicle, towards)


def paint_across(canvas: Canvas, vehicle: Vehicle, x: float, z: float, leftwards: bool) -> None:
    """Paint a vehicle that crosses before us, its front at `x`."""
    plane = Front(canvas.camera, x, z, mirrored=not leftwards)
    middle = x + (vehicle.length / 2 if leftwards else -vehicle.length / 2)
    _paint_shadow(canvas, middle, z, vehicle.length, vehicle.width)
    _SIDES[vehicle.kind](canvas, plane, vehicle)


def _paint_shadow(canvas: Canvas, x: float, z: float, wide: float, deep: float) -> None:
    plane = Ground(canvas.camera, x, z)
    shape = Box(-wide / 2 - 0.15, wide / 2 + 0.15, -0.25, deep + 0.2, 0.3)
    canvas.paint(plane, shape, (0.06, 0.06, 0.07), None, 0.7)


def _car_side(canvas: Canvas, plane: Plane, car: Vehicle) -> None:
    label, length, tall = ID["car"], car.length, car.height
    waist = 0.62 * tall
    roof = (
        (0.24 * length, waist),
        (0.4 * length, tall),
        (0.78 * length, tall),
        (0.98 * length, waist),
    )
    canvas.paint(plane, Polygon(*roof), car.paint, label)
    body = Polygon(
        (0.02 * length, 0.22),
        (length, 0.22),
        (length, waist + 0.02),
        (0.25 * length, waist + 0.03),
        (0.02 * length, 0.95 * waist),
    )
    canvas.paint(plane, body, _gloss(car.paint, waist), label)
    for low, high in ((0.32, 0.56), (0.6, 0.82)):
        top = tall - 0.1
        tilt = 0.1 * length
        window = Polygon(
            (low * length - (tilt if low < 0.5 else 0), waist + 0.04),
            (high * length + (0 if low < 0.5 else tilt), waist + 0.04),
            (high * length - (0 if low < 0.5 else 0.04 * length), top),
            (low * length + (0.09 * length if low < 0.5 else 0), top),
        )
        canvas.paint(plane, window, _GLASS, label)
    canvas.paint(plane, Box(0.0, 0.16, 0.5 * waist, 0.72 * waist), _WHITE_LAMP, label)
    canvas.paint(plane, Box(length - 0.14, length, 0.62 * waist, 0.9 * waist), _RED_LAMP, label)
    _wheels(canvas, plane, label, 0.33, (0.19 * length, 0.8 * length))


def _car_end(canvas: Canvas, plane: Front, car: Vehicle, towards: bool) -> None:
    label, half, tall = ID["car"], car.width / 2, car.height
    waist = 0.62 * tall
    back = car.length * (0.3 if towards else 0.13)  # the windscreen, or the rear window
    for s in (-half + 0.18, half - 0.18):
        canvas.paint(plane, Box(s - 0.14, s + 0.14, 0.0, 0.4, 0.03), _RUBBER, label)
    top = Ground(canvas.camera, plane.x, plane.z, waist)
    canvas.paint(top, Box(-half, half, 0, back + 0.1), _gloss(car.paint, 0.1), label)
    behind = Front(canvas.camera, plane.x, plane.z + back)
    cabin = Polygon(
        (-half + 0.03, waist - 0.1),
        (half - 0.03, waist - 0.1),
        (half - 0.2, tall),
        (-half + 0.2, tall),
    )
    canvas.paint(behind, cabin, car.paint, label)
    glass = Polygon(
        (-half + 0.15, waist + 0.02),
        (half - 0.15, waist + 0.02),
        (half - 0.28, tall - 0.1),
        (-half + 0.28, tall - 0.1),
    )
    canvas.paint(behind, glass, _sheen(waist, tall), label)
    canvas.paint(plane, Box(-half, half, 0.2, waist, 0.12), _gloss(car.paint, waist), label)
    lamp = _WHITE_LAMP if towards else _RED_LAMP
    for s in (-half + 0.24, half - 0.24):
        canvas.paint(plane, Box(s - 0.19, s + 0.19, waist - 0.32, waist - 0.14, 0.05), lamp, label)
    if towards:
        canvas.paint(plane, Box(-0.38, 0.38, 0.42, 0.6, 0.04), _BLACK, label)
    canvas.paint(plane, Box(-half + 0.05, half - 0.05, 0.22, 0.34, 0.03), (0.15, 0.15, 0.16), label)
    canvas.paint(plane, Box(-0.27, 0.27, 0.38, 0.5), (0.93, 0.93, 0.88), label)


def _truck_side(canvas: Canvas, plane: Plane, truck: Vehicle) -> None:
    label, length, tall = ID["truck"], truck.length, truck.height
    canvas.paint(plane, Box(0.3, length, 0.45, 0.85), (0.16, 0.16, 0.17), label)
    canvas.paint(plane, Box(_CAB - 0.25, _CAB + 0.2, 0.5, tall * 0.7), (0.16, 0.16, 0.17), label)
    canvas.paint(plane, Box(_CAB, length, 0.8, tall), _boards(truck.second, length), label)
    cab = Polygon((0, 0.4), (1.95, 0.4), (1.95, tall * 0.82), (0.35, tall * 0.82), (0, 1.5))
    canvas.paint(plane, cab, truck.paint, label)
    window = Polygon((0.25, 1.5), (1.2, 1.5), (1.2, 2.2), (0.5, 2.2))
    canvas.paint(plane, window, _GLASS, label)
    _wheels(canvas, plane, label, 0.48, (1.0, length - 2.3, length - 1.1))


def _truck_end(canvas: Canvas, plane: Front, truck: Vehicle, towards: bool) -> None:
    label, half, tall = ID["truck"], truck.width / 2, truck.height
    for s in (-half + 0.25, half - 0.25):
        canvas.paint(plane, Box(s - 0.2, s + 0.2, 0.0, 0.8, 0.03), _RUBBER, label)
    canvas.paint(plane, Box(-half, half, 0.4, 0.9), (0.18, 0.18, 0.19), label)
    if towards:
        behind = Front(plane.camera, plane.x, plane.z + _CAB)
        canvas.paint(behind, Box(-half, half, 0.85, tall), truck.second, label)
        canvas.paint(
            plane, Box(-half + 0.06, half - 0.06, 0.55, tall * 0.82, 0.1), truck.paint, label
        )
        canvas.paint(plane, Box(-half + 0.2, half - 0.2, 1.55, 2.25, 0.08), _sheen(1.5, 2.3), label)
        canvas.paint(plane, Box(-0.7, 0.7, 0.95, 1.35, 0.05), _BLACK, label)
    else:
        canvas.paint(plane, Box(-half, half, 0.85, tall), _boards(truck.second, 2 * half), label)
        canvas.paint(plane, Box(-0.03, 0.03, 0.95, tall - 0.1), (0.25, 0.25, 0.26), label)
    lamp = _WHITE_LAMP if towards else _RED_LAMP
    for s in (-half + 0.3, half - 0.3):
        canvas.paint(plane, Box(s - 0.18, s + 0.18, 0.62, 0.82, 0.03), lamp, label)


def _bus_side(canvas: Canvas, plane: Plane, bus: Vehicle) -> None:
    label, length, tall = ID["bus"], bus.length, bus.height
    canvas.paint(plane, Box(0, length, 0.3, tall, 0.15), bus.paint, label)

    def panes(patch: Patch) -> np.ndarray:
        return pulses(patch.s - 0.1, 1.45, 0.9, patch.s_pixel)

    canvas.paint(plane, Box(0.15, length - 0.3, 1.25, tall - 0.45, 0.05), _GLASS, label, panes)
    for door in (0.6, length * 0.55):
        canvas.paint(plane, Box(door, door + 1.2, 0.4, tall - 0.5), (0.22, 0.26, 0.3), label)
    _wheels(canvas, plane, label, 0.48, (2.6, length - 2.8))


def _bus_end(canvas: Canvas, plane: Front, bus: Vehicle, towards: bool) -> None:
    label, half, tall = ID["bus"], bus.width / 2, bus.height
    for s in (-half + 0.25, half - 0.25):
        canvas.paint(plane, Box(s - 0.2, s + 0.2, 0.0, 0.6, 0.03), _RUBBER, label)
    canvas.paint(plane, Box(-half, half, 0.28, tall, 0.18), bus.paint, label)
    low = 1.05 if towards else 1.6
    canvas.paint(
        plane, Box(-half + 0.12, half - 0.12, low, tall - 0.55, 0.12), _sheen(low, tall), label
    )
    canvas.paint(plane, Box(-half + 0.35, half - 0.35, tall - 0.42, tall - 0.12), _BLACK, label)
    canvas.paint(plane, Box(-0.35, 0.2, tall - 0.36, tall - 0.18), (1.0, 0.7, 0.1), label)
    lamp = _WHITE_LAMP if towards else _RED_LAMP
    for s in (-half + 0.3, half - 0.3):
        canvas.paint(plane, Box(s - 0.2, s + 0.2, 0.55, 0.78, 0.05), lamp, label)


def _train_side(canvas: Canvas, plane: Plane, train: Vehicle) -> None:
    label, length, tall = ID["train"], train.length, train.height
    canvas.paint(plane, Box(0.2, length, 0.08, 0.5), (0.2, 0.2, 0.21), label)
    canvas.paint(plane, Box(0, length, 0.35, tall, 0.3), train.paint, label)
    canvas.paint(plane, Box(0, length, 0.45, 1.15, 0.1), train.second, label)
    canvas.paint(plane, Box(0.1, length - 0.1, tall - 0.5, tall - 0.22), train.second, label)

    def panes(patch: Patch) -> np.ndarray:
        return pulses(patch.s, 2.4, 0.72, patch.s_pixel)

    canvas.paint(plane, Box(0.3, length - 0.3, 1.45, tall - 0.8, 0.1), _GLASS, label, panes)

    def joints(patch: Patch) -> np.ndarray:
        return pulses(patch.s - 7.0, 7.4, 0.06, patch.s_pixel)

    canvas.paint(plane, Box(5.0, length - 3, 0.3, tall), (0.12, 0.12, 0.13), label, joints)


def _train_end(canvas: Canvas, plane: Front, train: Vehicle, towards: bool) -> None:
    label, half, tall = ID["train"], train.width / 2, train.height
    canvas.paint(plane, Box(-half + 0.15, half - 0.15, 0.08, 0.6), (0.2, 0.2, 0.21), label)
    canvas.paint(plane, Box(-half, half, 0.3, tall, 0.45), train.paint, label)
    canvas.paint(plane, Box(-half + 0.02, half - 0.02, 0.42, 1.15, 0.12), train.second, label)
    canvas.paint(
        plane, Box(-half + 0.2, half - 0.2, 1.35, tall - 0.75, 0.25), _sheen(1.3, tall), label
    )
    canvas.paint(plane, Box(-half + 0.3, half - 0.3, tall - 0.62, tall - 0.3), _BLACK, label)
    canvas.paint(plane, Box(-0.3, 0.3, tall - 0.57, tall - 0.36), (1.0, 0.75, 0.2), label)
    lamp = _WHITE_LAMP if towards else _RED_LAMP
    for s in (-half + 0.4, 0.0, half - 0.4):
        t = tall - 0.12 if s == 0.0 else 0.75
        canvas.paint(plane, Disc(s, t, 0.13), lamp, label)


_SIDES = {"car": _car_side, "truck": _truck_side, "bus": _bus_side, "train": _train_side}
_ENDS = {"car": _car_end, "truck": _truck_end, "bus": _bus_end, "train": _train_end}


def _wheels(
    canvas: Canvas, plane: Plane, label: int, radius: float, places: tuple[float, ...]
) -> None:
    for s in places:
        canvas.paint(plane, Disc(s, radius, radius), _RUBBER, label)
        canvas.paint(plane, Disc(s, radius, radius * 0.55), _HUB, label)


def _gloss(colour: Colour, waist: float) -> Texture:
    """Return the paint of a car's body: lighter where it sees the sky."""
    base = np.array(colour, np.float32)

    def paint(patch: Patch) -> np.ndarray:
        tone = 0.72 + 0.5 * np.clip(patch.t / waist, 0, 1) ** 2
        tone = tone - 0.25 * band(patch.t, 0.47 * waist, 0.5 * waist, patch.t_pixel)
        return base * tone[..., None] + np.zeros((1, patch.s.shape[-1], 1), np.float32)

    return paint


def _sheen(low: float, high: float) -> Texture:
    """Return the paint of a pane that reflects the sky in its upper part."""
    glass, sky = np.array(_GLASS, np.float32), np.array((0.55, 0.62, 0.68), np.float32)

    def paint(patch: Patch) -> np.ndarray:
        share = np.clip((patch.t - low) / (high - low) + 0.15 * patch.s, 0, 1) ** 2 * 0.6
        return glass + (sky - glass) * share[..., None]

    return paint


def _boards(colour: Colour, length: float) -> Texture:
    """Return the paint of a lorry's box: flat, with seams and a stripe."""
    base = np.array(colour, np.float32)

    def paint(patch: Patch) -> np.ndarray:
        tone = 1 - 0.13 * pulses(patch.s, max(length / 6, 0.6), 0.06, patch.s_pixel)
        tone = tone - 0.3 * band(patch.t, 0.8, 0.98, patch.t_pixel)
        return base * tone[..., None]

    return paint


def _one(random: np.random.RandomState, colours: tuple[Colour, ...]) -> Colour:
    return colours[random.randint(len(colours))]
