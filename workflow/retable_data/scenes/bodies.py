"""Persons: where their joints are, in a pose drawn by chance, and how they look.

Lengths are in parts of a standing person's height.
"""

from typing import NamedTuple

import numpy as np

from retable_data.scenes.canvas import Canvas, Colour

_TORSO, _NECK, _HEAD = 0.29, 0.05, 0.068
_UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.17, 0.15, 0.24, 0.23
_SHOULDERS, _HIPS = 0.23, 0.15
_SKINS = ((244, 208, 177), (222, 171, 127), (165, 114, 76), (96, 63, 44))
_HAIRS = ((38, 28, 24), (92, 58, 34), (196, 158, 96), (150, 150, 150))


class Body(NamedTuple):
    """A person's joints by COCO's and MPII's names, x and y in pixels, and their head's radius."""

    places: dict[str, np.ndarray]
    height: float
    head: np.ndarray
    head_radius: float

    def joints_of(self, names: tuple[str, ...]) -> np.ndarray:
        """Return the places of joints [K, 2]."""
        return np.array([self.places[name] for name in names])

    @property
    def center(self) -> np.ndarray:
        """x and y of the middle of the torso, about where MPII's annotators put a person."""
        return (self.places["pelvis"] + self.places["thorax"]) / 2

    @property
    def head_box(self) -> list[float]:
        """x1, y1, x2, y2 around the head."""
        (x, y), radius = self.head, self.head_radius
        return [float(x - radius), float(y - radius), float(x + radius), float(y + radius)]


def posed(random: np.random.RandomState, pelvis: tuple[float, float], height: float) -> Body:
    """Draw a pose by chance; the person faces us: what is left of them is right in the picture."""
    lean = random.uniform(-0.25, 0.25)
    up = np.array([np.sin(lean), -np.cos(lean)])
    left = np.array([-up[1], up[0]]) * random.uniform(0.65, 1.0)
    places = {"pelvis": np.array(pelvis)}
    places["thorax"] = places["pelvis"] + up * _TORSO * height
    places["upper_neck"] = places["thorax"] + up * _NECK * height
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder = places["thorax"] + sign * left * _SHOULDERS / 2 * height
        hip = places["pelvis"] + sign * left * _HIPS / 2 * height
        arm, leg = random.uniform(-0.3, 2.6), random.uniform(-0.15, 0.7)
        elbow = shoulder + _turned(arm, sign) * _UPPER_ARM * height
        bent = arm + random.uniform(0.0, 1.9)
        knee = hip + _turned(leg, sign) * _THIGH * height
        straight = leg - random.uniform(0.0, 0.8)
        places |= {
            f"{side}_shoulder": shoulder,
            f"{side}_elbow": elbow,
            f"{side}_wrist": elbow + _turned(bent, sign) * _FOREARM * height,
            f"{side}_hip": hip,
            f"{side}_knee": knee,
            f"{side}_ankle": knee + _turned(straight, sign) * _SHIN * height,
        }
    radius = _HEAD * height
    head = places["upper_neck"] + up * radius * 0.9
    look = random.uniform(-0.3, 0.3)
    for name, across, above in (
        ("nose", look, -0.1),
        ("left_eye", look + 0.38, 0.22),
        ("right_eye", look - 0.38, 0.22),
        ("left_ear", 0.93, 0.05),
        ("right_ear", -0.93, 0.05),
    ):
        places[name] = head + radius * (across * np.array([-up[1], up[0]]) + above * up)
    places["head_top"] = head + radius * up
    return Body(places, height, head, radius)


def draw(canvas: Canvas, body: Body, random: np.random.RandomState) -> None:
    """Draw a person, as the canvas's present object."""
    skin, hair = _SKINS[random.randint(len(_SKINS))], _HAIRS[random.randint(len(_HAIRS))]
    shirt, trousers = _cloth(random), _cloth(random)
    at, height = body.places, body.height
    for side in ("left", "right"):
        hip, knee, ankle = (at[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
        canvas.limb(hip, knee, (0.095 * height, 0.07 * height), trousers)
        canvas.limb(knee, ankle, (0.07 * height, 0.045 * height), trousers)
    canvas.limb(at["thorax"], at["upper_neck"], (0.06 * height, 0.055 * height), skin)
    canvas.polygon(
        [at[f"{joint}"] for joint in ("left_shoulder", "left_hip", "right_hip", "right_shoulder")],
        shirt,
    )
    for side in ("left", "right"):
        shoulder, elbow, wrist = (at[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        canvas.limb(shoulder, elbow, (0.07 * height, 0.05 * height), _shade(shirt, 0.85))
        canvas.limb(elbow, wrist, (0.05 * height, 0.04 * height), skin)
    canvas.disc(body.head + (at["head_top"] - body.head) * 0.25, body.head_radius, hair)
    canvas.disc(body.head - (at["head_top"] - body.head) * 0.12, body.head_radius * 0.88, skin)
    for ear in ("left_ear", "right_ear"):
        canvas.disc(at[ear], body.head_radius * 0.18, skin)
    for eye in ("left_eye", "right_eye"):
        canvas.disc(at[eye], body.head_radius * 0.13, (25, 25, 35))
    canvas.disc(at["nose"], body.head_radius * 0.12, _shade(skin, 0.75))


def _turned(angle: float, sign: float) -> np.ndarray:
    """Return the direction `angle` radians from straight down, outwards on a body's side."""
    return np.array([sign * np.sin(angle), np.cos(angle)])


def _cloth(random: np.random.RandomState) -> Colour:
    red, green, blue = random.randint(30, 226, 3)
    return int(red), int(green), int(blue)


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (int(part * factor) for part in colour)
    return red, green, blue
