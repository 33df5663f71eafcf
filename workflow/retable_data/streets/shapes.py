"""Shapes on a plane, in metres: how far a point is outside (positive) or inside (negative).

`bounds` (s0, s1, t0, t1) hold the shape. Distances need be right near the edge alone: there they
become the share of a pixel that is covered.
"""

from typing import Protocol

import numpy as np

from retable_data.streets.textures import NOISE_SIZE, noise


class Shape(Protocol):
    """What can be painted on a plane."""

    bounds: tuple[float, float, float, float]

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return the signed distance in metres of points at s and t, broadcast together."""


class Box:
    """A rectangle, its corners rounded by `radius`."""

    def __init__(self, s0: float, s1: float, t0: float, t1: float, radius: float = 0.0) -> None:
        self.bounds = (s0, s1, t0, t1)
        self.radius = min(radius, (s1 - s0) / 2, (t1 - t0) / 2)

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        s0, s1, t0, t1 = self.bounds
        radius = self.radius
        across = np.maximum(s0 - s, s - s1) + radius
        up = np.maximum(t0 - t, t - t1) + radius
        if not radius:
            return np.maximum(across, up)
        outside = np.sqrt(np.square(np.maximum(across, 0)) + np.square(np.maximum(up, 0)))
        return outside + np.minimum(np.maximum(across, up), 0) - radius


class Disc:
    """A circle, or an ellipse `flat` times as high as wide."""

    def __init__(self, s: float, t: float, radius: float, flat: float = 1.0) -> None:
        self.s, self.t, self.radius, self.flat = s, t, radius, flat
        self.bounds = (s - radius, s + radius, t - radius * flat, t + radius * flat)

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        across, up = s - self.s, (t - self.t) / self.flat
        return (np.sqrt(across * across + up * up) - self.radius) * min(self.flat, 1.0)


class Ring:
    """What lies between two circles."""

    def __init__(self, s: float, t: float, radius: float, width: float) -> None:
        self.disc, self.width = Disc(s, t, radius), width
        self.bounds = self.disc.bounds

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        half = self.width / 2
        return np.abs(self.disc.distance(s, t) + half) - half


class Capsule:
    """A line from one point to another with round ends; `radius` to `end` thick."""

    def __init__(
        self,
        start: tuple[float, float],
        stop: tuple[float, float],
        radius: float,
        end: float | None = None,
    ) -> None:
        self.start, self.radius = start, radius
        self.along = (stop[0] - start[0], stop[1] - start[1])
        self.length = max(self.along[0] ** 2 + self.along[1] ** 2, 1e-9)
        self.grows = (radius if end is None else end) - radius
        thick = radius + max(self.grows, 0.0)
        self.bounds = (
            min(start[0], stop[0]) - thick,
            max(start[0], stop[0]) + thick,
            min(start[1], stop[1]) - thick,
            max(start[1], stop[1]) + thick,
        )

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        across, up = s - self.start[0], t - self.start[1]
        share = np.clip((across * self.along[0] + up * self.along[1]) / self.length, 0, 1)
        across, up = across - share * self.along[0], up - share * self.along[1]
        return np.sqrt(across * across + up * up) - (self.radius + share * self.grows)


class Polygon:
    """A convex polygon; its corners in either direction."""

    def __init__(self, *corners: tuple[float, float]) -> None:
        self.corners = corners
        across, up = zip(*corners, strict=True)
        self.bounds = (min(across), max(across), min(up), max(up))
        pairs = list(zip(corners, (*corners[1:], corners[0]), strict=True))
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)
        self.sides = []
        for a, b in pairs:
            along, rise = (b[0] - a[0], b[1] - a[1]) if area > 0 else (a[0] - b[0], a[1] - b[1])
            length = max((along * along + rise * rise) ** 0.5, 1e-9)
            self.sides.append((a, rise / length, -along / length))

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        (s0, t0), right, up = self.sides[0]
        far = (s - s0) * right + (t - t0) * up
        for (s0, t0), right, up in self.sides[1:]:
            far = np.maximum(far, (s - s0) * right + (t - t0) * up)
        return far


class Foliage:
    """Discs together, (s, t, radius) each, with a ragged edge."""

    def __init__(self, discs: list[tuple[float, float, float]], ragged: float, phase: int) -> None:
        self.discs, self.ragged, self.phase = discs, ragged, phase
        self.bounds = (
            min(s - radius for s, _, radius in discs) - ragged,
            max(s + radius for s, _, radius in discs) + ragged,
            min(t - radius for _, t, radius in discs) - ragged,
            max(t + radius for _, t, radius in discs) + ragged,
        )

    def distance(self, s: np.ndarray, t: np.ndarray) -> np.ndarray:
        far = _outside(self.discs[0], s, t)
        for disc in self.discs[1:]:
            far = np.minimum(far, _outside(disc, s, t))
        leaves = noise(s * 3.0 + self.phase % NOISE_SIZE, t * 3.0)
        return far + self.ragged * 2 * (leaves - 0.5)


def _outside(disc: tuple[float, float, float], s: np.ndarray, t: np.ndarray) -> np.ndarray:
    across, up = s - disc[0], t - disc[1]
    return np.sqrt(across * across + up * up) - disc[2]
