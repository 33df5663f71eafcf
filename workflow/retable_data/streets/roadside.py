"""What lines the street: houses, walls, fences, hedges and trees; and what closes the view."""

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets.camera import Front, Patch, Side
from retable_data.streets.canvas import Canvas, Colour, Texture
from retable_data.streets.ground import Street
from retable_data.streets.shapes import Box, Capsule, Foliage, Polygon
from retable_data.streets.textures import band, grain, noise, pulses

_HOUSES = (
    (0.78, 0.7, 0.58),
    (0.62, 0.36, 0.28),
    (0.84, 0.82, 0.76),
    (0.72, 0.55, 0.42),
    (0.6, 0.62, 0.64),
    (0.8, 0.72, 0.45),
    (0.55, 0.45, 0.42),
    (0.7, 0.76, 0.78),
)
_WALLS = ((0.62, 0.6, 0.57), (0.55, 0.52, 0.48), (0.58, 0.34, 0.27), (0.7, 0.66, 0.58))
_FENCES = ((0.18, 0.22, 0.2), (0.75, 0.76, 0.77), (0.44, 0.3, 0.18), (0.2, 0.36, 0.25))
_DEEP = 14.0  # metres of a house away from the street


def paint_backdrop(canvas: Canvas, random: np.random.RandomState) -> None:
    """Close the view at the end of the street: woods and houses far away."""
    plane = Front(canvas.camera, 0.0, 170.0)
    reach = 170.0
    place = -reach
    while place < reach:
        wide = random.uniform(10, 34)
        if random.random_sample() < 0.5:
            shape = Box(place, place + wide, -4, random.uniform(6, 20))
            colour = _varied(random, _HOUSES[random.randint(len(_HOUSES))], 0.05)
            canvas.paint(plane, shape, colour, ID["building"])
        else:
            high = random.uniform(4, 11)
            discs = [
                (place + wide * (one + 0.5) / 4, high * 0.5, wide / 5 + random.uniform(0, 2))
                for one in range(4)
            ]
            canvas.paint(
                plane, Box(place, place + wide, -4, high * 0.55), _leaves(random), ID["vegetation"]
            )
            canvas.paint(
                plane, Foliage(discs, 0.8, random.randint(256)), _leaves(random), ID["vegetation"]
            )
        place += wide * random.uniform(0.8, 1.1)


def paint_house(
    canvas: Canvas,
    street: Street,
    side: str,
    low: float,
    high: float,
    random: np.random.RandomState,
) -> None:
    """Paint a house from z = `low` to `high`: its front along the street, its end facing us."""
    x = street.beyond(side)
    tall = random.uniform(7, 22) if random.random_sample() < 0.8 else random.uniform(4, 7)
    facade = _facade(canvas, random, tall)
    camera = canvas.camera
    end = Front(camera, x, low) if side == "right" else Front(camera, x, low, mirrored=True)
    roof = random.uniform(1.0, 3.0) if random.random_sample() < 0.45 else 0.0
    tiles = _varied(random, (0.5, 0.27, 0.22), 0.08)
    canvas.paint(end, Box(0, _DEEP, -0.3, tall), facade, ID["building"])
    front = Side(camera, x, low)
    length = high - low
    canvas.paint(front, Box(0, length, -0.3, tall), facade, ID["building"])
    if roof:
        canvas.paint(front, Box(0, length, tall, tall + roof), tiles, ID["building"])
        gable = Polygon((0, tall), (_DEEP, tall), (_DEEP / 2, tall + roof))
        canvas.paint(end, gable, facade, ID["building"])


def _facade(canvas: Canvas, random: np.random.RandomState, tall: float) -> Texture:
    """Return the paint of a house's faces: windows by floors, perhaps bricks, perhaps a shop."""
    wall = np.array(_varied(random, _HOUSES[random.randint(len(_HOUSES))], 0.07), np.float32)
    across, floor = random.uniform(1.8, 3.6), random.uniform(2.8, 3.6)
    wide, high = random.uniform(0.35, 0.65), random.uniform(0.4, 0.62)
    glass = np.array([0.24, 0.29, 0.35], np.float32) + np.float32(random.uniform(-0.06, 0.08))
    lit = np.array([0.98, 0.84, 0.5], np.float32)
    chance = random.random_sample((16, 16)).astype(np.float32)
    shop = random.random_sample() < 0.4
    shopfront = np.array(_varied(random, (0.4, 0.35, 0.35), 0.2), np.float32)
    bricks = random.random_sample() < 0.4

    def paint(patch: Patch) -> np.ndarray:
        s, t = patch.s, patch.t
        tone = 0.86 + 0.28 * noise(s * 1.5, t * 1.5)
        if bricks:
            tone = tone - 0.12 * pulses(t, 0.24, 0.2, patch.t_pixel)
        tone = tone - 0.1 * pulses(t + 0.25, floor, 0.08, patch.t_pixel)
        colour = wall * tone[..., None]
        panes = pulses(s - 0.25 * across, across, wide, patch.s_pixel)
        panes = panes * pulses(t - 0.3 * floor, floor, high, patch.t_pixel)
        panes = panes * band(t, 0.2, tall - 0.4, patch.t_pixel)
        one = grain(s / across, t / floor, chance)
        pane = glass * (0.6 + 0.8 * one[..., None])
        bright = (one < canvas.light.windows).astype(np.float32)[..., None]
        pane = pane + bright * (lit - pane)
        colour = colour + panes[..., None] * (pane - colour)
        if shop:
            sign = band(t, 2.7, 3.4, patch.t_pixel)
            display = band(t, 0.5, 2.6, patch.t_pixel) * pulses(s, across * 1.5, 0.8, patch.s_pixel)
            dark = (display * np.ones_like(panes))[..., None]
            colour = colour + dark * (glass * 0.9 - colour)
            colour = colour + (sign * np.ones_like(panes))[..., None] * (shopfront - colour)
        return colour

    return paint


def paint_wall(
    canvas: Canvas,
    street: Street,
    side: str,
    low: float,
    high: float,
    random: np.random.RandomState,
) -> None:
    """Paint a garden wall: low, without windows, with a coping."""
    tall = random.uniform(1.6, 2.9)
    base = np.array(_varied(random, _WALLS[random.randint(len(_WALLS))], 0.05), np.float32)
    course = random.uniform(0.3, 0.6)

    def paint(patch: Patch) -> np.ndarray:
        tone = 0.78 + 0.4 * noise(patch.s * 2.5, patch.t * 2.5)
        tone = tone - 0.2 * pulses(patch.t, course, 0.1, patch.t_pixel)
        tone = tone - 0.12 * pulses(patch.s, course * 2, 0.05, patch.s_pixel)
        tone = tone + 0.22 * band(patch.t, tall - 0.18, tall, patch.t_pixel)
        return base * tone[..., None]

    plane = Side(canvas.camera, street.beyond(side), low)
    end = Front(canvas.camera, street.beyond(side), low, mirrored=side == "left")
    canvas.paint(end, Box(0, 0.5, -0.1, tall), paint, ID["wall"])
    canvas.paint(plane, Box(0, high - low, -0.1, tall), paint, ID["wall"])


def paint_fence(
    canvas: Canvas,
    street: Street,
    side: str,
    low: float,
    high: float,
    random: np.random.RandomState,
) -> None:
    """Paint a fence: bars, rails and posts; what is behind it shows through."""
    tall, period = random.uniform(1.2, 2.0), (0.18, 0.3, 0.5)[random.randint(3)]
    share = random.uniform(0.4, 0.6)

    def bars(patch: Patch) -> np.ndarray:
        upright = pulses(patch.s, period, share, patch.s_pixel)
        rails = np.maximum(
            band(patch.t, 0.2, 0.32, patch.t_pixel), band(patch.t, tall - 0.25, tall, patch.t_pixel)
        )
        posts = pulses(patch.s, 2.5, 0.06, patch.s_pixel)
        return np.maximum(np.maximum(upright, posts), rails)

    colour = _varied(random, _FENCES[random.randint(len(_FENCES))], 0.05)
    plane = Side(canvas.camera, street.beyond(side), low)
    canvas.paint(plane, Box(0, high - low, 0, tall), colour, ID["fence"], bars)


def paint_hedge(
    canvas: Canvas,
    street: Street,
    side: str,
    low: float,
    high: float,
    random: np.random.RandomState,
) -> None:
    """Paint a hedge along the street."""
    tall, length = random.uniform(1.0, 2.6), high - low
    steps = max(int(length / 1.5), 2)
    discs = [
        (length * (one + 0.5) / steps, tall * 0.55, tall * random.uniform(0.4, 0.5))
        for one in range(min(steps, 12))
    ]
    leaves = _leaves(random)
    plane = Side(canvas.camera, street.beyond(side), low)
    canvas.paint(plane, Box(0, length, 0, tall * 0.75), leaves, ID["vegetation"])
    canvas.paint(plane, Foliage(discs, 0.2, random.randint(256)), leaves, ID["vegetation"])


def paint_tree(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint a tree: trunk and crown, both vegetation."""
    tall = random.uniform(5, 9)
    crown = random.uniform(1.4, 2.4)
    plane = Front(canvas.camera, x, z)
    trunk = Capsule((0, -0.1), (random.uniform(-0.3, 0.3), tall - crown), 0.26, 0.16)
    canvas.paint(plane, trunk, _varied(random, (0.33, 0.25, 0.18), 0.04), ID["vegetation"])
    discs = [(0.0, tall - crown * 0.3, crown)]
    for _ in range(6):
        discs.append(
            (
                random.uniform(-crown, crown) * 0.9,
                tall - crown * 0.4 + random.uniform(-crown, crown) * 0.7,
                crown * random.uniform(0.4, 0.7),
            )
        )
    canvas.paint(
        plane, Foliage(discs, 0.35, random.randint(256)), _leaves(random), ID["vegetation"]
    )


def paint_bush(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> None:
    """Paint a bush."""
    size = random.uniform(0.5, 1.1)
    discs = [
        (random.uniform(-size, size), size * random.uniform(0.3, 0.9), size * 0.7) for _ in range(4)
    ]
    canvas.paint(
        Front(canvas.camera, x, z),
        Foliage(discs, 0.2, random.randint(256)),
        _leaves(random),
        ID["vegetation"],
    )


def _leaves(random: np.random.RandomState) -> Texture:
    """Return the paint of leaves: dark and light green in clumps."""
    green = np.array([0.2, 0.33, 0.12]) + random.uniform(-0.06, 0.06, 3)
    if random.random_sample() < 0.12:
        green = np.array([0.5, 0.33, 0.1]) + random.uniform(-0.06, 0.06, 3)  # autumn
    green = green.astype(np.float32)
    phase = random.uniform(0, 256)

    def paint(patch: Patch) -> np.ndarray:
        clumps = noise(patch.s * 4 + phase, patch.t * 4)
        fine = noise(patch.s * 13 + phase, patch.t * 13)
        tone = 0.35 + 0.9 * clumps + 0.5 * (fine - 0.5)
        return green * tone[..., None]

    return paint


def _varied(random: np.random.RandomState, colour: Colour, spread: float) -> Colour:
    red, green, blue = np.clip(colour + random.uniform(-spread, spread, 3), 0.02, 1.0)
    return float(red), float(green), float(blue)
