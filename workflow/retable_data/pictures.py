"""Picture files: read as arrays, written whole."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from retable_job import contract
from retable_job.errors import JobError


def read_rgb(path: Path) -> np.ndarray:
    """Read a picture as uint8 [H, W, 3]; grey ones become three equal channels."""
    with _opened(path) as image:
        return np.array(image.convert("RGB"))


def read_labels(path: Path) -> np.ndarray:
    """Read a label file as uint8 [H, W]: grey values, or the indices of a palette, as they are."""
    with _opened(path) as image:
        if image.mode not in ("L", "P"):
            raise JobError(f"{path}: its pixels are {image.mode}, not labels of one byte")
        return np.array(image)


def write_png(array: np.ndarray, path: Path) -> None:
    """Write uint8 [H, W, 3] (RGB) or [H, W] (labels) as PNG, whole or not at all."""
    with contract.replacing(path) as temporary:
        Image.fromarray(array).save(temporary, format="PNG")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise JobError(f"{path}: no such picture; make the data set again") from None
    except UnidentifiedImageError:
        raise JobError(f"{path}: not a picture that pillow knows") from None
    except OSError as error:
        raise JobError(f"{path}: a broken picture ({error})") from None
