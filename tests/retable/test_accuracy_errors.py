"""What a mistake in how a suite is scored says: the file, the key, the nearest name."""

import shutil
from pathlib import Path

import pytest
import yaml

from retable.dag import Dag
from retable.errors import RetableError

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    for name in ("config", "workflow", "containers", "data/published"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    return tmp_path


def edited(checkout, name, change):
    path = checkout / "config" / f"{name}.yaml"
    value = yaml.safe_load(path.read_text())
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        (
            "suites/fast-scnn",
            lambda suite: suite["accuracy"][0].update(metric="segmentatoin"),
            "config/suites/fast-scnn.yaml: accuracy[0].metric: no file "
            "retable_data/metrics/segmentatoin.py; did you mean 'segmentation'?",
        ),
        (
            "suites/fast-scnn",
            lambda suite: suite["accuracy"][0].update(embedded="street"),
            "unknown dataset 'street'",
        ),
        (
            "suites/fast-scnn",
            lambda suite: suite["accuracy"].append(
                {**suite["accuracy"][0], "published": "camvid", "headline": "pixel_accuracy"}
            ),
            "config/suites/fast-scnn.yaml: accuracy: 'streets' is named twice as 'embedded'",
        ),
        (
            "datasets/streets",
            lambda dataset: dataset.update(loader="street"),
            "config/datasets/streets.yaml: loader: no file retable_data/sets/street.py",
        ),
        (
            "datasets/streets",
            lambda dataset: dataset.update(splits=["train", "calibration"]),
            "config/suites/fast-scnn.yaml: accuracy[0].split: streets has no 'val'",
        ),
        (
            "models/fast-scnn",
            lambda model: model["preparation"].update(geometry="squahs"),
            "config/models/fast-scnn.yaml: preparation.geometry: no file "
            "retable_data/geometries/squahs.py; did you mean 'squash'?",
        ),
    ],
)
def test_a_name_that_is_not_there_is_one_sentence(checkout, name, change, sentence):
    Dag(checkout, {})
    edited(checkout, name, change)
    with pytest.raises(RetableError) as raised:
        Dag(checkout, {})
    assert sentence in str(raised.value)
