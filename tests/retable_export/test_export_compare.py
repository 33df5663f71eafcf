"""All outputs of a graph beside the framework's own, by name."""

import numpy as np
import pytest

from retable_export import compare
from retable_export.errors import JobError

WANTED = {
    "heatmaps": np.array([[1.0, -2.0]], np.float32),
    "peaks": np.array([3, 5], np.int64),
}


def test_the_first_output_is_the_headline_and_the_others_have_names():
    found = {"peaks": np.array([3, 4]), "heatmaps": np.array([[1.0, -1.5]], np.float32)}
    assert compare.outputs(found, WANTED) == {
        "max_abs": 0.5,
        "mean_abs": 0.25,
        "scale": 2.0,
        "relative": 0.25,
        "peaks": {"agreement": 0.5},
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"heatmaps": WANTED["heatmaps"]}, "no output 'peaks': it has heatmaps"),
        ({**WANTED, "peaks": np.zeros((2, 1), int)}, r"'peaks' is \[2, 1\], the framework's \[2\]"),
    ],
)
def test_an_output_that_is_missing_or_of_another_shape_is_named(found, words):
    with pytest.raises(JobError, match=words):
        compare.outputs(found, WANTED)
