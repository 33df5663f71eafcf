"""Bicycles and motorcycles, seen from a side, with or without a rider."""

import math

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets.camera import Front
from retable_data.streets.canvas import Canvas, Colour
from retable_data.streets.people import paint_rider
from retable_data.streets.shapes import Box, Capsule, Disc, Polygon, Ring

_RUBBER = (0.08, 0.08, 0.08)
_STEEL = (0.6, 0.61, 0.62)
_PAINTS = (
    (0.85, 0.15, 0.12),
    (0.12, 0.3, 0.75),
    (0.1, 0.1, 0.11),
    (0.95, 0.75, 0.1),
    (0.1, 0.5, 0.3),
    (0.92, 0.92, 0.9),
)
_SPOKES = 0.25  # of what is behind a wheel, spokes hide


def paint_bicycle(
    canvas: Canvas, x: float, z: float, random: np.random.RandomState, ridden: bool
) -> None:
    """Paint a bicycle at an angle to us; whole wheels are labelled, as annotators do."""
    plane, label = _plane(canvas, x, z, random), ID["bicycle"]
    paint = _PAINTS[random.randint(len(_PAINTS))]
    rear, front, wheel = (-0.52, 0.36), (0.54, 0.36), 0.36
    crank, saddle, bar = (-0.08, 0.34), (-0.25, 0.92), (0.4, 1.0)
    for hub in (rear, front):
        canvas.paint(plane, Disc(*hub, wheel), _STEEL, label, _SPOKES)
        canvas.paint(plane, Ring(*hub, wheel, 0.07), _RUBBER, label)
    thick = 0.032
    for start, stop in (
        (rear, crank),
        (crank, saddle),
        (saddle, (0.36, 0.84)),
        (crank, (0.38, 0.78)),
        (rear, (-0.2, 0.76)),
        (front, bar),
    ):
        canvas.paint(plane, Capsule(start, stop, thick), paint, label)
    canvas.paint(
        plane, Capsule((saddle[0] - 0.1, 0.94), (saddle[0] + 0.12, 0.94), 0.045), _RUBBER, label
    )
    canvas.paint(
        plane, Capsule((bar[0] - 0.08, 1.02), (bar[0] + 0.06, 1.02), 0.035), _RUBBER, label
    )
    if random.random_sample() < 0.3:
        canvas.paint(plane, Box(0.42, 0.72, 0.78, 1.0, 0.03), (0.5, 0.4, 0.28), label)
    if ridden:
        angle = random.uniform(0, 2 * math.pi)
        turn = (0.17 * math.cos(angle), 0.17 * math.sin(angle))
        feet = (
            (crank[0] + turn[0], crank[1] + turn[1]),
            (crank[0] - turn[0], crank[1] - turn[1]),
        )
        paint_rider(canvas, plane, (-0.24, 0.98), (0.38, 1.06), feet, random)


def paint_motorcycle(
    canvas: Canvas, x: float, z: float, random: np.random.RandomState, ridden: bool
) -> None:
    """Paint a motorcycle, or a scooter."""
    plane, label = _plane(canvas, x, z, random), ID["motorcycle"]
    paint = _PAINTS[random.randint(len(_PAINTS))]
    scooter = random.random_sample() < 0.4
    wheel = 0.24 if scooter else 0.33
    reach = 0.62 if scooter else 0.74
    for hub in ((-reach, wheel), (reach, wheel)):
        canvas.paint(plane, Disc(*hub, wheel), _RUBBER, label)
        canvas.paint(plane, Disc(*hub, wheel * 0.5), _STEEL, label)
    canvas.paint(plane, Capsule((reach, wheel), (reach - 0.26, 1.0), 0.06), _STEEL, label)
    if scooter:
        body = Polygon((-0.85, 0.35), (0.05, 0.25), (0.0, 0.72), (-0.8, 0.78))
        canvas.paint(plane, Box(-0.1, 0.45, 0.22, 0.36, 0.05), paint, label)
        canvas.paint(
            plane, Polygon((0.35, 0.25), (0.55, 0.3), (0.42, 1.02), (0.28, 0.98)), paint, label
        )
    else:
        canvas.paint(plane, Box(-0.35, 0.35, 0.25, 0.68, 0.08), (0.25, 0.25, 0.26), label)
        canvas.paint(plane, Capsule((-0.75, 0.3), (0.0, 0.3), 0.07), _STEEL, label)
        body = Polygon((-0.85, 0.72), (0.1, 0.6), (0.42, 0.7), (0.3, 1.0), (-0.1, 0.9))
    canvas.paint(plane, body, paint, label)
    canvas.paint(plane, Capsule((-0.65, 0.84), (-0.1, 0.84), 0.09), _RUBBER, label)
    canvas.paint(plane, Capsule((0.3, 1.06), (0.5, 1.08), 0.05), _RUBBER, label)
    lamp: Colour = (0.98, 0.95, 0.8)
    canvas.paint(plane, Disc(0.52, 0.92, 0.11), lamp, label)
    if ridden:
        feet = ((0.02, 0.32), (0.1, 0.32))
        paint_rider(canvas, plane, (-0.32, 0.9), (0.38, 1.1), feet, random)


def _plane(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> Front:
    turn = random.uniform(0.5, 1.0)
    return Front(canvas.camera, x, z, turn=turn, mirrored=random.random_sample() < 0.5)
