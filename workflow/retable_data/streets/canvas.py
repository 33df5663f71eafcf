"""The picture and its labels while they are painted, far to near; light, haze, and the lens."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from retable_data.streets.camera import Camera, Front, Ground, Patch, Side
from retable_data.streets.shapes import Shape

Colour = tuple[float, float, float]
# What gives a value, or a colour, for each pixel of a patch: [h, w] or [h, w, 3].
Texture = Callable[[Patch], np.ndarray]


class Light(NamedTuple):
    """The time of day: brightness of each face, colours of the sky, and how far one sees."""

    faces: dict[str, float]
    tint: Colour
    zenith: Colour
    haze: Colour
    sight: float  # metres at which half of a colour is haze
    clouds: float
    shade: float  # what a cast shadow leaves of the light
    windows: float  # the share of windows that are lit


class Canvas:
    """A picture [H, W, 3] float32 within 0 and 1, and label ids [H, W] uint8."""

    def __init__(self, camera: Camera, light: Light) -> None:
        self.camera, self.light = camera, light
        self.picture = np.zeros((camera.height, camera.width, 3), np.float32)
        self.labels = np.zeros((camera.height, camera.width), np.uint8)
        self.tint = np.array(light.tint, np.float32)
        self.haze = np.array(light.haze, np.float32)

    def paint(
        self,
        plane: Front | Side | Ground,
        shape: Shape,
        colour: Colour | Texture,
        label: int | None = None,
        share: float | Texture = 1.0,
    ) -> None:
        """Paint a shape; pixels more than half inside it get the label.

        `share` is how much of what is behind the shape hides: glass, spokes and bars let it
        through, and are labelled all the same.
        """
        patch = plane.patch(shape.bounds)
        if patch is None:
            return
        pixel = np.sqrt(patch.s_pixel * patch.t_pixel)
        cover = np.clip(0.5 - shape.distance(patch.s, patch.t) / pixel, 0, 1)
        place = (patch.rows, patch.columns)
        if label is not None:
            region = self.labels[place]
            region[cover > 0.5] = label
        opaque = cover * (share(patch) if callable(share) else share)
        self.blend(patch, opaque, colour, plane.face)

    def blend(
        self,
        patch: Patch,
        opaque: np.ndarray,
        colour: Colour | np.ndarray | Texture,
        face: str,
    ) -> None:
        """Mix a colour, in this light and haze, into a patch by `opaque` [h, w], 0 to 1."""
        paint = colour(patch) if callable(colour) else np.array(colour, np.float32)
        region = self.picture[patch.rows, patch.columns]
        target = self.lit(paint, face, patch.depth)
        region += opaque[..., None] * (target - region)

    def lit(self, colour: np.ndarray, face: str, depth: np.ndarray) -> np.ndarray:
        """Return a colour as it is seen: [3] or [h, w, 3], with depth [] or to be broadcast."""
        clear = self.light.sight / (self.light.sight + depth)
        if clear.ndim:
            clear = clear[..., None]
        return colour * (self.tint * self.light.faces[face]) * clear + self.haze * (1 - clear)

    def developed(self, random: np.random.RandomState) -> np.ndarray:
        """Return the picture as a camera gives it: [H, W, 3] uint8.

        Vignette, white balance, exposure, contrast, sometimes a little blur, and noise.
        """
        picture: np.ndarray = self.picture
        if random.random_sample() < 0.3:
            picture = _blurred(picture)
        height, width = picture.shape[:2]
        down = ((np.arange(height, dtype=np.float32) / height) - 0.5)[:, None, None]
        across = ((np.arange(width, dtype=np.float32) / width) - 0.5)[None, :, None]
        dark = np.float32(random.uniform(0.0, 0.35))
        balance = random.uniform(0.94, 1.06, 3) * random.uniform(0.85, 1.15)
        picture = picture * (1 - dark * (down * down + across * across))
        picture = picture * balance.astype(np.float32)
        contrast = np.float32(random.uniform(0.0, 0.6))  # towards an S curve, 3 x^2 - 2 x^3
        picture = np.clip(picture, 0, 1)
        picture = picture + contrast * (picture * picture * (3 - 2 * picture) - picture)
        # The difference of two bytes: nearly a normal distribution, and the same everywhere.
        drawn = np.frombuffer(random.bytes(2 * picture.size), np.uint8).reshape(2, *picture.shape)
        raw = drawn[0].astype(np.float32) - drawn[1]
        strength = np.float32(random.uniform(0.004, 0.03) / 104.5)  # 104.5: its deviation
        picture = picture + raw * (strength * (np.float32(0.5) + picture))
        return (np.clip(picture, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8)


def _blurred(picture: np.ndarray) -> np.ndarray:
    """Return the picture after a binomial filter of 3x3 pixels."""
    for axis in (0, 1):
        wide = np.concatenate(
            [picture.take([0], axis), picture, picture.take([-1], axis)], axis=axis
        )
        size = picture.shape[axis]
        one = [wide.take(range(first, first + size), axis) for first in range(3)]
        picture = 0.25 * one[0] + 0.5 * one[1] + 0.25 * one[2]
    return picture
