"""Sky and ground: the road with its markings, pavements, grass, and what crosses it."""

from typing import NamedTuple

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets.camera import Patch
from retable_data.streets.canvas import Canvas
from retable_data.streets.textures import band, grain, noise, pulses


class Street(NamedTuple):
    """Where things are across the street (metres, x) and along it (z)."""

    left: float  # the kerbs
    right: float
    middle: float  # between the directions
    pavement: float  # its width, on each side
    verge: float  # grass between kerb and pavement: its width, or 0
    crossing: tuple[float, float] | None  # a street that crosses: from z to z
    zebra: float | None  # where stripes begin
    tram: float | None  # the middle of its track
    open: dict[str, list[tuple[float, float]]]  # by side, where grass follows the pavement

    def kerb(self, side: str) -> float:
        """Return where the road ends on a side."""
        return self.left if side == "left" else self.right

    def beyond(self, side: str) -> float:
        """Return where the pavement of a side ends."""
        outer = self.pavement + self.verge
        return self.left - outer if side == "left" else self.right + outer

    def inside_crossing(self, z: float) -> bool:
        """Return whether the crossing street passes at z."""
        return self.crossing is not None and self.crossing[0] <= z <= self.crossing[1]


def paint_sky(canvas: Canvas, random: np.random.RandomState) -> None:
    """Paint all that is above the horizon, and a little below."""
    camera, light = canvas.camera, canvas.light
    rows = min(int(camera.horizon) + 12, camera.height)
    high = np.clip(1 - (np.arange(rows, dtype=np.float32) + 0.5) / camera.horizon, 0, 1)
    high = high[:, None, None]
    zenith, haze = np.array(light.zenith, np.float32), np.array(light.haze, np.float32)
    sky = haze + (zenith - haze) * np.minimum(high * 1.6, 1)
    down = 1 / (high[..., 0] + np.float32(0.12))  # clouds lie in a plane, too
    across = (np.arange(camera.width, dtype=np.float32)[None, :] - camera.centre) / camera.focal
    phase = random.uniform(0, 256, 2).tolist()
    clouds = noise(across * down * 6 + phase[0], down * 9 + phase[1])
    cover = np.clip((clouds - (0.75 - 0.4 * light.clouds)) * 4, 0, 1) * np.float32(0.85)
    white = haze * np.float32(0.5) + np.float32(0.48) * float(np.float32(light.faces["ground"]))
    canvas.picture[:rows] = sky + cover[..., None] * (white - sky)
    canvas.labels[:rows] = ID["sky"]


def paint_ground(canvas: Canvas, street: Street, random: np.random.RandomState) -> None:
    """Paint all that is below the horizon: grass and paving, pavements, kerbs, road, markings."""
    patch = _whole(canvas)
    x, z = patch.s, patch.t
    rows = patch.rows
    labels = canvas.labels[rows]
    texture = _Texture(patch, random)
    labels[:] = ID["sidewalk"]
    whole = np.ones(np.broadcast(x, z).shape, np.float32)
    canvas.blend(patch, whole, texture.paving, "ground")
    crossing = np.zeros_like(z)
    if street.crossing is not None:
        crossing = band(z, *street.crossing, patch.t_pixel)
    for side, parts in street.open.items():
        outside = (street.beyond(side) - x) if side == "left" else (x - street.beyond(side))
        across = np.clip(outside / patch.s_pixel + 0.5, 0, 1)
        along = sum((band(z, low, high, patch.t_pixel) for low, high in parts), np.zeros_like(z))
        _cover(canvas, patch, across * np.minimum(along, 1), texture.grass, "terrain")
    if street.verge:
        for low, high in (
            (street.left - street.verge, street.left),
            (street.right, street.right + street.verge),
        ):
            _cover(canvas, patch, band(x, low, high, patch.s_pixel), texture.grass, "terrain")
    kerb = band(x, street.left - 0.22, street.right + 0.22, patch.s_pixel)
    _cover(canvas, patch, kerb, texture.kerb, "sidewalk")
    road = np.maximum(band(x, street.left, street.right, patch.s_pixel), crossing)
    _cover(canvas, patch, road, texture.asphalt, "road")
    _paint_markings(canvas, patch, street, 1 - crossing, random)
    if canvas.light.shade < 1.0:
        _paint_shadow(canvas, patch, street, random)


def _whole(canvas: Canvas) -> Patch:
    """Return the pixels below the horizon: s = x and t = z in metres."""
    camera = canvas.camera
    first = min(int(camera.horizon) + 2, camera.height - 1)
    v = np.arange(first, camera.height, dtype=np.float32)[:, None] + np.float32(0.5)
    u = np.arange(camera.width, dtype=np.float32)[None, :] + np.float32(0.5)
    z = np.float32(camera.focal * camera.eye) / (v - np.float32(camera.horizon))
    s_pixel = z / np.float32(camera.focal)
    x = (u - np.float32(camera.centre)) * s_pixel
    return Patch(
        slice(first, camera.height),
        slice(0, camera.width),
        x,
        z,
        s_pixel,
        z * s_pixel / np.float32(camera.eye),
        z,
    )


def _cover(canvas: Canvas, patch: Patch, opaque: np.ndarray, colour: np.ndarray, name: str) -> None:
    canvas.labels[patch.rows][opaque > 0.5] = ID[name]
    canvas.blend(patch, opaque, colour, "ground")


class _Texture:
    """The colours of the ground's materials at each pixel: [h, w, 3] float32 each."""

    def __init__(self, patch: Patch, random: np.random.RandomState) -> None:
        x, z = patch.s, patch.t
        phase = random.uniform(0, 256, 2).tolist()
        coarse = noise(x * 1.3 + phase[0], z * 0.7 + phase[1])
        fine = noise(x * 14, z * 14)
        # Where a pixel sees many grains it sees their mean.
        near = np.clip(0.08 / patch.t_pixel, 0, 1)
        fine = 0.5 + (fine - 0.5) * near
        self.asphalt = _tone(random, 0.24, 0.42, 0.015, 0.14 * coarse + 0.16 * fine - 0.15)
        stone = grain(x / 0.6, z / 0.6, random.random_sample((16, 16)).astype(np.float32))
        joint = np.maximum(pulses(x, 0.6, 0.05, patch.s_pixel), pulses(z, 0.6, 0.05, patch.t_pixel))
        slabs = 0.1 * coarse + 0.07 * (stone - 0.5) * near - 0.12 * joint - 0.03
        self.paving = _tone(random, 0.5, 0.66, 0.05, slabs, warm=0.04)
        self.kerb = _tone(random, 0.62, 0.74, 0.01, 0.1 * (coarse - 0.5))
        green = (np.array([0.33, 0.47, 0.16]) + random.uniform(-0.05, 0.05, 3)).astype(np.float32)
        dry = np.array([0.52, 0.48, 0.25], np.float32)
        share = (coarse * random.uniform(0.3, 1.0))[..., None]
        grass = green + (dry - green) * share
        self.grass = grass * (0.65 + 0.6 * fine[..., None])


def _tone(
    random: np.random.RandomState,
    low: float,
    high: float,
    spread: float,
    texture: np.ndarray,
    warm: float = 0.0,
) -> np.ndarray:
    """Return a grey between `low` and `high`, a little coloured, with its texture [h, w] added."""
    colour = random.uniform(low, high) + random.uniform(-spread, spread, 3)
    colour = colour + np.array([warm, 0, -warm])
    return colour.astype(np.float32) + texture[..., None]


def _paint_markings(
    canvas: Canvas,
    patch: Patch,
    street: Street,
    clear: np.ndarray,
    random: np.random.RandomState,
) -> None:
    """Paint lines, stripes and rails: they are road."""
    x, z = patch.s, patch.t
    worn = random.uniform(0.55, 1.0)
    white = (0.86, 0.86, 0.83)
    dashes = pulses(z, 6.0, (0.5, 0.65, 1.0)[random.randint(3)], patch.t_pixel)
    half = 0.075
    line = band(x, street.middle - half, street.middle + half, patch.s_pixel) * dashes
    for kerb in (street.left + 0.35, street.right - 0.35):
        line = np.maximum(line, 0.8 * band(x, kerb - half, kerb + half, patch.s_pixel))
    canvas.blend(patch, line * clear * worn, white, "ground")
    if street.zebra is not None:
        inside = band(x, street.left + 0.3, street.right - 0.3, patch.s_pixel)
        stripes = pulses(x, 1.0, 0.5, patch.s_pixel) * inside
        along = band(z, street.zebra, street.zebra + 3.0, patch.t_pixel)
        canvas.blend(patch, stripes * along * worn, white, "ground")
    if street.tram is not None:
        bed = band(x, street.tram - 1.3, street.tram + 1.3, patch.s_pixel)
        canvas.blend(patch, 0.35 * bed, (0.45, 0.42, 0.4), "ground")
        for rail in (street.tram - 0.72, street.tram + 0.72):
            steel = band(x, rail - 0.07, rail + 0.07, patch.s_pixel)
            canvas.blend(patch, steel * 0.9, (0.62, 0.62, 0.64), "ground")


def _paint_shadow(
    canvas: Canvas, patch: Patch, street: Street, random: np.random.RandomState
) -> None:
    """Darken one side of the street: the shadow of the houses there."""
    faces = canvas.light.faces
    middle = random.uniform(street.left - 2, street.right + 2)
    houses = grain(patch.t / 7.0, np.zeros_like(patch.t), random.random_sample((1, 16)))
    edge = middle + 0.9 * (houses - 0.5)
    towards = (patch.s - edge) if faces["left"] > faces["right"] else (edge - patch.s)
    shaded = np.clip(towards / np.maximum(patch.s_pixel, 0.1) + 0.5, 0, 1)
    if random.random_sample() < 0.7:
        keep = (1 - (1 - canvas.light.shade) * shaded).astype(np.float32)
        canvas.picture[patch.rows] *= keep[..., None]
