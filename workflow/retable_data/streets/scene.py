"""A street scene: what stands where, painted from far to near."""

import numpy as np

from retable_data.cityscapes_labels import ID
from retable_data.streets import cycles, furniture, lights, people, roadside, traffic
from retable_data.streets.camera import Camera
from retable_data.streets.canvas import Canvas
from retable_data.streets.ground import Street, paint_ground, paint_sky
from retable_data.streets.things import Thing, near, thing

HEIGHT, WIDTH = 384, 768
SPLITS = ("train", "val", "calibration")
_FAR = 120.0  # metres to which the street is lined


def draw(
    seed: int, split: str, number: int, height: int = HEIGHT, width: int = WIDTH
) -> tuple[np.ndarray, np.ndarray]:
    """Return picture `number` of a split: [H, W, 3] uint8 RGB, and its label ids [H, W] uint8."""
    random = np.random.RandomState([seed, SPLITS.index(split), number])
    camera = _camera(random, height, width)
    canvas = Canvas(camera, lights.drawn(random))
    street = _street(random)
    paint_sky(canvas, random)
    roadside.paint_backdrop(canvas, random)
    parts = {side: _parts(street, random) for side in ("left", "right")}
    grass = {side: [(low, high) for _, low, high, green in parts[side] if green] for side in parts}
    paint_ground(canvas, street._replace(open=grass), random)
    _line(canvas, street, parts, random)
    things = [
        *_furniture(canvas, street, random),
        *_greenery(canvas, street, parts, random),
        *_people(canvas, street, random),
        *traffic.along(canvas, street, random),
        *traffic.across(canvas, street, random),
    ]
    for one in sorted(things, key=lambda one: -one.z):
        one.paint()
    if random.random_sample() < 0.35:
        _paint_bonnet(canvas, random)
    return canvas.developed(random), canvas.labels


def _camera(random: np.random.RandomState, height: int, width: int) -> Camera:
    return Camera(
        height,
        width,
        focal=random.uniform(0.6, 0.8) * width,
        centre=random.uniform(0.38, 0.62) * width,
        horizon=random.uniform(0.4, 0.54) * height,
        eye=random.uniform(1.4, 2.1),
    )


def _street(random: np.random.RandomState) -> Street:
    lane, parking = random.uniform(3.0, 3.7), random.uniform(0.2, 2.3, 2).tolist()
    own = random.uniform(0.42, 0.58) * lane
    crossing = None
    if random.random_sample() < 0.55:
        start = random.uniform(11, 24)
        crossing = (start, start + random.uniform(6, 10))
    zebra = None
    if random.random_sample() < 0.5:
        zebra = crossing[0] - 3.6 if crossing else random.uniform(8, 20)
    middle = own - lane
    left = middle - lane - parking[0]
    tram = middle - lane / 2 if random.random_sample() < 0.35 else None
    return Street(
        left=left,
        right=own + parking[1],
        middle=middle,
        pavement=random.uniform(2.2, 4.2),
        verge=random.uniform(0.8, 2.0) if random.random_sample() < 0.4 else 0.0,
        crossing=crossing,
        zebra=zebra,
        tram=tram,
        open={},
    )


def _parts(street: Street, random: np.random.RandomState) -> list[tuple[str, float, float, bool]]:
    """Return what lines one side: kind, from z, to z, and whether grass lies before it."""
    parts, place = [], random.uniform(-4, 3)
    town = random.random_sample()
    while place < _FAR:
        kind = random.choice(
            ["house", "wall", "fence", "hedge", "green"],
            p=[
                0.26 + 0.2 * town,
                0.23 - 0.05 * town,
                0.25 - 0.07 * town,
                0.11 - 0.03 * town,
                0.15 - 0.05 * town,
            ],
        )
        length = random.uniform(9, 22) if kind == "house" else random.uniform(7, 18)
        stop = place + length
        if street.crossing is not None:
            low, high = street.crossing
            if place < low < stop:
                stop = low - 1.5
            elif low <= place < high + 1.5:
                place, stop = high + 1.5, high + 1.5 + length
        if stop - place > 2.0:
            parts.append((str(kind), place, stop, kind in ("fence", "hedge", "green", "wall")))
        place = max(stop, place + 0.5) + (0.0 if random.random_sample() < 0.6 else 1.5)
    return parts


def _line(
    canvas: Canvas,
    street: Street,
    parts: dict[str, list[tuple[str, float, float, bool]]],
    random: np.random.RandomState,
) -> None:
    """Paint both sides of the street; behind what is low stand houses or trees."""
    low_ones = {
        "wall": roadside.paint_wall,
        "fence": roadside.paint_fence,
        "hedge": roadside.paint_hedge,
    }
    every = [(low, high, side, kind) for side in parts for kind, low, high, _ in parts[side]]
    for low, high, side, kind in sorted(every, reverse=True):
        if kind == "house":
            roadside.paint_house(canvas, street, side, low, high, random)
            continue
        away = random.uniform(5, 12)
        behind = street._replace(pavement=street.pavement + away)
        if random.random_sample() < 0.5:
            roadside.paint_house(canvas, behind, side, low, high, random)
        else:
            x = behind.beyond(side)
            for z in sorted(random.uniform(low + 2, high + 2, 4).tolist(), reverse=True):
                roadside.paint_tree(canvas, x + random.uniform(-2, 2), max(z, 4.0), random)
        if kind in low_ones:
            low_ones[kind](canvas, street, side, low, high, random)


def _greenery(
    canvas: Canvas,
    street: Street,
    parts: dict[str, list[tuple[str, float, float, bool]]],
    random: np.random.RandomState,
) -> list[Thing]:
    """Return trees in the verges, and bushes on the grass."""
    things = []
    for side, sign in (("left", -1), ("right", 1)):
        if random.random_sample() < 0.45:
            place = random.uniform(7, 14)
            while place < 70:
                x = street.kerb(side) + sign * random.uniform(0.6, 0.9)
                if not street.inside_crossing(place):
                    things.append(thing(roadside.paint_tree, canvas, x, place, random))
                place += random.uniform(9, 15)
        for kind, low, high, _ in parts[side]:
            if kind == "green" and low < 50:
                for z in random.uniform(low, high, 3).tolist():
                    x = street.beyond(side) + sign * random.uniform(1.0, 5)
                    things.append(thing(roadside.paint_bush, canvas, x, max(z, 4.0), random))
    return things


def _furniture(canvas: Canvas, street: Street, random: np.random.RandomState) -> list[Thing]:
    """Return lamp posts, signs and traffic lights at the kerbs."""
    things = []
    kinds = [
        furniture.paint_lamp,
        furniture.paint_sign,
        furniture.paint_traffic_light,
        furniture.paint_board,
        furniture.paint_bollard,
    ]
    for side, sign in (("left", -1), ("right", 1)):
        place = random.uniform(6, 10)
        while place < 40:
            kind = kinds[random.choice(5, p=[0.26, 0.3, 0.2, 0.12, 0.12])]
            x = street.kerb(side) + sign * random.uniform(0.3, 0.7)
            if not street.inside_crossing(place):
                things.append(thing(kind, canvas, x, place, random))
            place += random.uniform(3.5, 8) * (1 + place / 30)
        stop = street.crossing[0] - 0.8 if street.crossing else street.zebra
        if stop is not None and random.random_sample() < 0.8:
            x = street.kerb(side) + sign * random.uniform(0.3, 0.6)
            light = furniture.paint_traffic_light
            things.append(thing(light, canvas, x, max(stop, 6.0), random))
    return things


def _people(canvas: Canvas, street: Street, random: np.random.RandomState) -> list[Thing]:
    """Return those on the pavements and those who cross; cycles parked at the kerb, too."""
    things = []
    for _ in range(random.randint(2, 9)):
        side, sign = (("left", -1), ("right", 1))[random.randint(2)]
        x = street.kerb(side) + sign * random.uniform(0.7, street.pavement)
        things.append(thing(people.paint_person, canvas, x, near(random, 5, 28), random))
    if street.zebra is not None:
        for _ in range(random.randint(0, 4)):
            x, z = (
                random.uniform(street.left, street.right),
                street.zebra + random.uniform(0.4, 2.6),
            )
            things.append(thing(people.paint_person, canvas, x, max(z, 5.0), random))
    for paint, chance, most in (
        (cycles.paint_bicycle, 0.6, 4),
        (cycles.paint_motorcycle, 0.35, 2),
    ):
        if random.random_sample() < chance:
            side, sign = (("left", -1), ("right", 1))[random.randint(2)]
            place = random.uniform(5, 16)
            for _ in range(random.randint(1, most + 1)):
                x = street.kerb(side) + sign * random.uniform(0.4, 1.2)
                things.append(thing(paint, canvas, x, place, random, False))
                place += random.uniform(0.8, 2.5)
    return things


def _paint_bonnet(canvas: Canvas, random: np.random.RandomState) -> None:
    """Paint our own car at the lower edge: it is labelled `ego vehicle` and ignored."""
    height, width = canvas.labels.shape
    across = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / width - 0.5
    down = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    top = 1 - random.uniform(0.04, 0.1) * (1 - 2.2 * across * across)
    cover = np.clip((down - top) * height + 0.5, 0, 1)
    colour = random.uniform(0.05, 0.4, 3).astype(np.float32)
    shine = (colour + 0.5 * (down - top)[..., None]) * np.float32(canvas.light.faces["ground"])
    canvas.picture += cover[..., None] * (shine - canvas.picture)
    canvas.labels[cover > 0.5] = ID["ego vehicle"]
