"""What is said to be as in TensorFlow is: the same bytes."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_COMPARE = """
import numpy as np
import tensorflow as tf
from retable_data import masks, resizing

picture = np.random.RandomState(0).randint(0, 256, (425, 640, 3)).astype(np.uint8)
for size in ((320, 320), (512, 512), (1024, 1024), (100, 900)):
    wanted = tf.cast(tf.image.resize(picture, size), tf.uint8).numpy()
    assert np.array_equal(resizing.resize(picture, *size, truncate=True), wanted), size

mask = np.random.RandomState(1).random_sample((33, 33)).astype(np.float32)
for y1, x1, y2, x2 in ((0.1, 0.2, 0.63, 0.9), (-0.2, 0.4, 0.5, 1.3)):
    frame = np.array([-y1, -x1, 1 - y1, 1 - x1]) / np.array([y2 - y1, x2 - x1] * 2)
    cropped = tf.image.crop_and_resize(mask[None, :, :, None], frame[None], [0], [120, 160])
    found = masks.pasted(mask, np.array([y1, x1, y2, x2]), 120, 160)
    # Single precision there: a pixel may lie on the threshold.
    assert (found != (cropped.numpy()[0, :, :, 0] > 0.5)).mean() < 1e-3
    assert found.any()
print("the same")
"""


@pytest.fixture(scope="module")
def tensorflow_python() -> str:
    """An interpreter with TensorFlow: named, or built by the workflow."""
    built = ROOT / "results" / "environments" / "venv" / "tensorflow" / "bin" / "python"
    named = os.environ.get("RETABLE_TENSORFLOW_PYTHON", str(built))
    if not Path(named).is_file():
        pytest.skip("no tensorflow environment: set RETABLE_TENSORFLOW_PYTHON")
    return named


@pytest.mark.real
def test_pictures_are_squashed_and_masks_pasted_as_by_tensorflow(tensorflow_python) -> None:
    done = subprocess.run(
        [tensorflow_python, "-c", _COMPARE],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "the same\n", done.stderr
