"""What stands in the street, each painted when it is its distance's turn."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from retable_data.streets.canvas import Canvas


class Thing(NamedTuple):
    """Something at a distance of `z` metres."""

    z: float
    paint: Callable[[], None]


def thing(
    paint: Callable[..., None], canvas: Canvas, *arguments: Any, at: float | None = None
) -> Thing:
    """Return a thing at the distance `at`, or at the second of its arguments."""
    z = arguments[1] if at is None else at
    return Thing(float(z), lambda: paint(canvas, *arguments))


def near(random: np.random.RandomState, low: float, high: float) -> float:
    """Return a distance: the nearer, the more often."""
    share = random.random_sample()
    return low + (high - low) * share * share
