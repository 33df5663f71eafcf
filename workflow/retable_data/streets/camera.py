"""The camera, and the planes of the world that it sees: which pixels, and where on the plane.

The world is in metres: x to the right of the camera, y up from the road, z ahead. The camera looks
along z. Everything is painted on planes that face the camera (z constant), line the street (x
constant) or lie on the ground (y = 0), so that perspective is exact: a pixel knows its place on
the plane.
"""

from typing import NamedTuple

import numpy as np

NEAR = 0.6  # metres: what is nearer is not drawn


class Camera(NamedTuple):
    """A pinhole: sizes, focal length and vanishing point in pixels, height of the eye in metres."""

    height: int
    width: int
    focal: float
    centre: float
    horizon: float
    eye: float

    def column(self, x: float, z: float) -> float:
        """Return the column at which a point is seen."""
        return self.centre + self.focal * x / z

    def row(self, y: float, z: float) -> float:
        """Return the row at which a point is seen."""
        return self.horizon + self.focal * (self.eye - y) / z


class Patch(NamedTuple):
    """Pixels of a plane: where they are in the picture, and on the plane.

    `s` and `t` [h, w] or to be broadcast to that are metres along and up the plane, `s_pixel` and
    `t_pixel` what one pixel covers of it, `depth` the distance; all float32.
    """

    rows: slice
    columns: slice
    s: np.ndarray
    t: np.ndarray
    s_pixel: np.ndarray
    t_pixel: np.ndarray
    depth: np.ndarray


class Front:
    """The plane at distance `z` that faces the camera; s from `x` to the right, t up.

    `turn` below 1 foreshortens s, as of something that stands at an angle; `mirrored` turns it
    to the left.
    """

    face = "front"

    def __init__(
        self, camera: Camera, x: float, z: float, turn: float = 1.0, mirrored: bool = False
    ) -> None:
        self.camera, self.x, self.z = camera, float(x), float(z)
        self.scale = -turn if mirrored else turn

    def patch(self, bounds: tuple[float, float, float, float]) -> Patch | None:
        """Return the pixels that s0, s1, t0, t1 may touch; None if the picture has none."""
        camera, z = self.camera, self.z
        if z < NEAR:
            return None
        ends = [camera.column(self.x + self.scale * s, z) for s in bounds[:2]]
        columns = _pixels(min(ends), max(ends), camera.width)
        rows = _pixels(camera.row(bounds[3], z), camera.row(bounds[2], z), camera.height)
        if columns is None or rows is None:
            return None
        u, v = _centres(columns)[None, :], _centres(rows)[:, None]
        pixel = z / camera.focal
        s = ((u - camera.centre) * pixel - self.x) / self.scale
        t = camera.eye - (v - camera.horizon) * pixel
        s_pixel = pixel / abs(self.scale)
        return Patch(rows, columns, _f(s), _f(t), _f(s_pixel), _f(pixel), _f(z))


class Side:
    """The plane at `x` along the street; s from `z` away from us, towards us if `mirrored`."""

    def __init__(self, camera: Camera, x: float, z: float, mirrored: bool = False) -> None:
        self.camera, self.x, self.z = camera, float(x), float(z)
        self.scale = -1.0 if mirrored else 1.0
        self.face = "left" if x > 0 else "right"  # where it looks: a plane on the right, left

    def patch(self, bounds: tuple[float, float, float, float]) -> Patch | None:
        """Return the pixels that s0, s1, t0, t1 may touch; None if the picture has none."""
        camera = self.camera
        ends = sorted(self.z + self.scale * s for s in bounds[:2])
        near, far = max(ends[0], NEAR), ends[1]
        if far <= near or abs(self.x) < 0.05:
            return None
        across = [camera.column(self.x, z) for z in (near, far)]
        down = [camera.row(t, z) for t in bounds[2:] for z in (near, far)]
        columns = _pixels(min(across), max(across), camera.width)
        rows = _pixels(min(down), max(down), camera.height)
        if columns is None or rows is None:
            return None
        u, v = _centres(columns)[None, :], _centres(rows)[:, None]
        depth = np.clip(camera.focal * self.x / _nonzero(u - camera.centre), NEAR / 2, 500.0)
        t_pixel = depth / camera.focal
        t = camera.eye - (v - camera.horizon) * t_pixel
        s_pixel = depth * t_pixel / abs(self.x)
        s = (depth - self.z) * self.scale
        return Patch(rows, columns, _f(s), _f(t), _f(s_pixel), _f(t_pixel), _f(depth))


class Ground:
    """The road's plane, or one `y` metres above it; s to the right of `x`, t away from `z`."""

    face = "ground"

    def __init__(self, camera: Camera, x: float, z: float, y: float = 0.0) -> None:
        self.camera, self.x, self.z = camera, float(x), float(z)
        self.y, self.below = float(y), camera.eye - float(y)

    def patch(self, bounds: tuple[float, float, float, float]) -> Patch | None:
        """Return the pixels that s0, s1, t0, t1 may touch; None if the picture has none."""
        camera = self.camera
        near, far = max(self.z + bounds[2], NEAR), self.z + bounds[3]
        if far <= near or self.below < 0.02:
            return None
        across = [camera.column(self.x + s, z) for s in bounds[:2] for z in (near, far)]
        columns = _pixels(min(across), max(across), camera.width)
        rows = _pixels(camera.row(self.y, far), camera.row(self.y, near), camera.height)
        if columns is None or rows is None:
            return None
        u, v = _centres(columns)[None, :], _centres(rows)[:, None]
        depth = camera.focal * self.below / np.maximum(v - camera.horizon, 0.5)
        s_pixel = depth / camera.focal
        t_pixel = depth * s_pixel / self.below
        s = (u - camera.centre) * s_pixel - self.x
        t = depth - self.z
        return Patch(rows, columns, _f(s), _f(t), _f(s_pixel), _f(t_pixel), _f(depth))


def _pixels(low: float, high: float, size: int) -> slice | None:
    """Return the pixels between two places and one more on each side, within `size`."""
    first, last = max(int(low) - 1, 0), min(int(high) + 2, size)
    return slice(first, last) if first < last and high > 0 and low < size else None


def _centres(pixels: slice) -> np.ndarray:
    return np.arange(pixels.start, pixels.stop) + 0.5


def _nonzero(values: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) < 1e-6, 1e-6, values)


def _f(values: np.ndarray | float) -> np.ndarray:
    return np.asarray(values, np.float32)
