"""What covers surfaces: noise, and patterns that fade to their mean where a pixel sees many.

Only additions, products, quotients and square roots, which IEEE 754 rounds the same everywhere:
the same seed must give the same bytes on every machine.
"""

import functools

import numpy as np

NOISE_SIZE = 256
_OCTAVES = ((64, 0.15), (32, 0.2), (8, 0.25), (2, 0.2), (1, 0.2))  # blur in cells, share


@functools.lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Return the noise [256, 256], float32 within 0 and 1, that repeats without a seam."""
    random = np.random.RandomState(20211)
    table = np.zeros((NOISE_SIZE, NOISE_SIZE))
    for cells, share in _OCTAVES:
        coarse = random.random_sample((NOISE_SIZE // cells, NOISE_SIZE // cells))
        table += share * _enlarged(_enlarged(coarse, cells).T, cells).T
    table -= table.min()
    return (table / table.max()).astype(np.float32)


def _enlarged(values: np.ndarray, times: int) -> np.ndarray:
    """Interpolate linearly along the first axis, round the seam."""
    share = (np.arange(times) / times)[None, :, None]
    following = np.roll(values, -1, axis=0)
    between = values[:, None] * (1 - share) + following[:, None] * share
    return between.reshape(-1, values.shape[1])


def noise(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return smooth noise within 0 and 1 at s and t, in cells of the table, broadcast together."""
    left, down = np.floor(s), np.floor(t)
    across, up = (s - left).astype(np.float32), (t - down).astype(np.float32)
    column, row = left.astype(np.int32) & (NOISE_SIZE - 1), down.astype(np.int32) & (NOISE_SIZE - 1)
    right, above = (column + 1) & (NOISE_SIZE - 1), (row + 1) & (NOISE_SIZE - 1)
    table = _table().reshape(-1)
    row, above = row * NOISE_SIZE, above * NOISE_SIZE
    low = table[row + column] * (1 - across) + table[row + right] * across
    high = table[above + column] * (1 - across) + table[above + right] * across
    return low * (1 - up) + high * up


def grain(s: np.ndarray, t: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return the value of the cell in which s and t lie: one a window, a slab, a stone."""
    rows, columns = table.shape
    return table[np.floor(t).astype(np.int32) % rows, np.floor(s).astype(np.int32) % columns]


def pulses(along: np.ndarray, period: float, share: float, pixel: np.ndarray) -> np.ndarray:
    """Return how much of each pixel lies in the first `share` of its period, 0 to 1.

    The exact mean over the pixel, so that far windows and bars become their average tone.
    """
    wide = np.maximum(pixel, 1e-4) / period
    centre = along / period
    low, high = _integral(centre - wide / 2, share), _integral(centre + wide / 2, share)
    return np.clip((high - low) / wide, 0, 1).astype(np.float32)


def _integral(place: np.ndarray, share: float) -> np.ndarray:
    whole = np.floor(place)
    return whole * share + np.minimum(place - whole, share)


def band(along: np.ndarray, low: float, high: float, pixel: np.ndarray) -> np.ndarray:
    """Return how much of each pixel lies between `low` and `high`, about: 0 to 1."""
    inside = np.minimum(along - low, high - along) / np.maximum(pixel, 1e-4)
    return np.clip(inside + 0.5, 0, 1)
