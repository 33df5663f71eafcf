"""What drives, and what is parked: along the street, and on the street that crosses."""

import numpy as np

from retable_data.streets import cycles, vehicles
from retable_data.streets.canvas import Canvas
from retable_data.streets.ground import Street
from retable_data.streets.things import Thing, near, thing

_LANE_ENDS = 60.0  # metres
_NEAREST_LARGE = 9.0  # nearer, a bus would be all there is to see


def along(canvas: Canvas, street: Street, random: np.random.RandomState) -> list[Thing]:
    """Return what drives and what is parked along the street."""
    own, other = 0.0, (street.tram or (street.middle + street.left) / 2)
    things = [
        *_lane(canvas, street, own, False, random.uniform(8, 26), random),
        *_lane(canvas, street, other, True, random.uniform(6, 20), random),
    ]
    for x, lane, towards in (
        (street.left + 1.05, other, True),
        (street.right - 1.05, own, False),
    ):
        if abs(x - lane) > 2.0:
            things += _parked(canvas, street, x, towards, random)
    for _ in range(random.randint(0, 4)):
        x = (street.left + 0.9, street.right - 0.9)[random.randint(2)] + random.uniform(-0.3, 0.3)
        things.append(_cycle(canvas, x, near(random, 6, 20), random))
    return things


def across(canvas: Canvas, street: Street, random: np.random.RandomState) -> list[Thing]:
    """Return what passes on the street that crosses, seen from its side."""
    if street.crossing is None:
        return []
    low, high = street.crossing
    things = []
    for share, leftwards in ((0.3, False), (0.75, True)):
        if random.random_sample() < 0.3:
            continue
        x, z = random.uniform(-11, 11), low + (high - low) * share
        kind = random.choice(
            ["car", "truck", "bus", "train", "cycle"], p=[0.3, 0.17, 0.15, 0.2, 0.18]
        )
        if kind == "cycle":
            things.append(_cycle(canvas, x, z, random))
        else:
            one = vehicles.drawn(str(kind), random)
            things.append(thing(vehicles.paint_across, canvas, one, x, z, leftwards, at=z))
    return things


def _lane(
    canvas: Canvas,
    street: Street,
    x: float,
    towards: bool,
    first: float,
    random: np.random.RandomState,
) -> list[Thing]:
    things, place = [], first
    while place < _LANE_ENDS:
        kind = random.choice(["car", "truck", "bus", "cycle"], p=[0.42, 0.18, 0.16, 0.24])
        if kind == "cycle":
            aside = x + random.uniform(-0.8, 0.8)
            things.append(_cycle(canvas, aside, min(place, 22.0), random))
            place += random.uniform(3, 8)
            continue
        if x == street.tram and random.random_sample() < 0.65:
            kind = "train"
        one = vehicles.drawn(str(kind), random)
        if kind != "car":
            place = max(place, _NEAREST_LARGE)
        things.append(thing(vehicles.paint_along, canvas, one, x, place, towards, at=place))
        place += one.length + random.uniform(4, 18)
    return things


def _parked(
    canvas: Canvas, street: Street, x: float, towards: bool, random: np.random.RandomState
) -> list[Thing]:
    things, place = [], random.uniform(5, 15)
    while place < 50:
        if random.random_sample() < 0.6 and not street.inside_crossing(place + 2):
            one = vehicles.drawn("car", random)
            things.append(thing(vehicles.paint_along, canvas, one, x, place, towards, at=place))
        place += random.uniform(5.2, 7)
    return things


def _cycle(canvas: Canvas, x: float, z: float, random: np.random.RandomState) -> Thing:
    paint = cycles.paint_bicycle if random.random_sample() < 0.6 else cycles.paint_motorcycle
    return thing(paint, canvas, x, z, random, True)
