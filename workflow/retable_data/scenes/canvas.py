"""A picture that knows which object each of its pixels belongs to."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = Sequence[float] | np.ndarray


class Canvas:
    """What is drawn goes into the picture, and as the number of its object into `owners`.

    Objects are numbered from 1, in the order in which they are begun; later ones hide earlier ones.
    There is no antialiasing: each pixel belongs to one object, or to the background (0).
    """

    def __init__(self, background: np.ndarray) -> None:
        """Begin with a background, uint8 [H, W, 3]."""
        height, width = background.shape[:2]
        self._picture = Image.fromarray(background)
        self._owners = Image.new("L", (width, height))
        self._tools = (ImageDraw.Draw(self._picture), ImageDraw.Draw(self._owners))
        self.objects = 0

    def begin(self) -> int:
        """Begin the next object (of 255 at most); return its number."""
        self.objects += 1
        return self.objects

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon of x, y."""
        corners = [(float(x), float(y)) for x, y in points]
        in_picture, in_owners = self._tools
        in_picture.polygon(corners, fill=colour)
        in_owners.polygon(corners, fill=self.objects)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self.polygon(around(centre, radius, 32), colour)

    def limb(self, start: Point, end: Point, widths: tuple[float, float], colour: Colour) -> None:
        """Fill a line that is round at both ends and has a width at each."""
        along = np.subtract(end, start)
        across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
        near, far = across * widths[0] / 2, across * widths[1] / 2
        self.polygon(
            [
                np.add(start, near),
                np.add(end, far),
                np.subtract(end, far),
                np.subtract(start, near),
            ],
            colour,
        )
        self.disc(start, widths[0] / 2, colour)
        self.disc(end, widths[1] / 2, colour)

    @property
    def picture(self) -> np.ndarray:
        """The picture, uint8 [H, W, 3]."""
        return np.array(self._picture)

    @property
    def owners(self) -> np.ndarray:
        """Each pixel's object, uint8 [H, W]; 0 for the background."""
        return np.array(self._owners)


def around(
    centre: Point, radius: float, corners: int, turn: float = 0.0
) -> list[tuple[float, float]]:
    """Return the corners of a regular polygon, the first `turn` radians past the top."""
    angles = turn + np.arange(corners) * 2 * np.pi / corners
    x, y = centre
    return [(x + radius * float(np.sin(a)), y - radius * float(np.cos(a))) for a in angles]
