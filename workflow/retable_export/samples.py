"""Inputs to run a network on where no data set is needed: made from a seed, kept as .npz."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from retable_export.contract import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from retable_export.contract import InputShape

_WAVES = 6
_MAX_CYCLES = 4.0  # over the image: large areas of one class, as in a street scene
_NOISE = 0.1
_LIMIT = 2.5  # (1 - 0.406) / 0.225 = 2.64 is white in blue after ImageNet's mean and deviation


def smooth_images(shape: InputShape, seed: int, channels: int = 3) -> np.ndarray:
    """Return images [batch, channels, height, width], float32, as if normalised by ImageNet.

    Each channel is a sum of a few low-frequency waves plus a little noise, of mean about 0 and
    deviation about 1, within +-2.5.
    """
    # RandomState's streams are frozen for good; default_rng's may change with numpy (NEP 19).
    random = np.random.RandomState(seed)
    rows = np.linspace(0.0, 1.0, shape.height)[:, None]
    columns = np.linspace(0.0, 1.0, shape.width)[None, :]
    images = np.empty((shape.batch, channels, shape.height, shape.width), np.float32)
    for image in images.reshape(-1, shape.height, shape.width):
        cycles = random.uniform(-1.0, 1.0, (_WAVES, 3)) * (_MAX_CYCLES, _MAX_CYCLES, 0.5)
        waves = sum(
            np.sin(2 * np.pi * (down * rows + across * columns + offset))
            for down, across, offset in cycles
        )
        noise = _NOISE * random.standard_normal(waves.shape)
        image[...] = np.clip(waves * np.sqrt(2.0 / _WAVES) + noise, -_LIMIT, _LIMIT)
    return images


def save_arrays(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write arrays by name to an .npz file, whole; the same arrays give the same bytes."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def describe(arrays: dict[str, np.ndarray]) -> list[dict]:
    """Return name, shape and dtype of each array."""
    return [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        for name, array in arrays.items()
    ]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an .npz file; pickled objects are refused."""
    with np.load(str(path), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
