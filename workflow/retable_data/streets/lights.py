"""Times of day and weather."""

import numpy as np

from retable_data.streets.canvas import Colour, Light


def drawn(random: np.random.RandomState) -> Light:
    """Return a light: mostly day, sunny or overcast; sometimes mist, dusk or rain."""
    kind = random.choice(
        ["sunny", "overcast", "mist", "dusk", "rain"], p=[0.42, 0.26, 0.08, 0.14, 0.1]
    )
    left, right = _sides(random, 0.3 if kind in ("sunny", "dusk") else 0.08)
    front = random.uniform(0.7, 1.0)
    bright = {"sunny": 1.0, "overcast": 0.85, "mist": 0.9, "dusk": 0.62, "rain": 0.65}[kind]
    faces = {"front": front, "left": left, "right": right, "ground": 1.0}
    return Light(
        faces={name: bright * value for name, value in faces.items()},
        tint=_near(
            random,
            {"sunny": (1.04, 1.0, 0.93), "dusk": (1.1, 0.93, 0.85)}.get(kind, (0.97, 1.0, 1.04)),
            0.03,
        ),
        zenith=_near(
            random,
            {
                "sunny": (0.28, 0.5, 0.86),
                "overcast": (0.66, 0.7, 0.75),
                "mist": (0.74, 0.77, 0.8),
                "dusk": (0.27, 0.3, 0.5),
                "rain": (0.42, 0.46, 0.52),
            }[kind],
            0.06,
        ),
        haze=_near(
            random,
            {
                "sunny": (0.78, 0.86, 0.95),
                "overcast": (0.82, 0.84, 0.86),
                "mist": (0.8, 0.82, 0.84),
                "dusk": (0.9, 0.6, 0.42),
                "rain": (0.6, 0.63, 0.67),
            }[kind],
            0.04,
        ),
        sight={"sunny": 500.0, "overcast": 300.0, "mist": 70.0, "dusk": 350.0, "rain": 150.0}[kind],
        clouds={"sunny": random.uniform(0, 0.8), "dusk": random.uniform(0.2, 0.7)}.get(kind, 0.3),
        shade=random.uniform(0.45, 0.65) if kind == "sunny" else 1.0,
        windows={"dusk": 0.4, "rain": 0.2}.get(kind, 0.03),
    )


def _sides(random: np.random.RandomState, contrast: float) -> tuple[float, float]:
    """Return the brightness of what faces left and right: the sun stands on one side."""
    swing = random.uniform(-contrast, contrast)
    return 0.85 + swing, 0.85 - swing


def _near(random: np.random.RandomState, colour: Colour, spread: float) -> Colour:
    red, green, blue = (float(one) + random.uniform(-spread, spread) for one in colour)
    return red, green, blue
