"""How suites are scored: what their YAML names is there."""

from pathlib import Path

import pytest

from retable.config.load import load_configuration

REPOSITORY = Path(__file__).parents[2]
CONFIGURATION = load_configuration(REPOSITORY)
SCORED = [
    (suite.suite, accuracy)
    for suite in CONFIGURATION.suites.values()
    for accuracy in suite.accuracy
]
DATA = REPOSITORY / "workflow" / "retable_data"


@pytest.mark.parametrize(("suite", "accuracy"), SCORED)
def test_a_suite_is_scored_by_what_is_there(suite, accuracy):
    assert (DATA / "metrics" / f"{accuracy.metric}.py").is_file()
    tasks = set()
    for name in (accuracy.published, accuracy.embedded):
        dataset = CONFIGURATION.datasets[name]
        assert accuracy.split in dataset.splits
        tasks.add(dataset.task)
    assert len(tasks) == 1


@pytest.mark.parametrize("data", ["published", "embedded"])
def test_each_keypoint_row_is_scored_by_its_own_joints(data):
    suite = CONFIGURATION.suites["paddle-keypoints"]
    scored_on = CONFIGURATION.scored_on(suite, data)
    rows = [point for table in suite.tables for row in table.rows for point in row.values()]
    metrics = {
        row.model: [
            accuracy.metric
            for accuracy, chosen in scored_on
            if chosen.judges(CONFIGURATION.models[row.model])
        ]
        for row in rows
    }
    assert len(metrics) == 11
    assert metrics.pop("hrnet-w32-256x256-mpii") == ["pckh"]
    assert set(map(tuple, metrics.values())) == {("keypoints",)}


@pytest.mark.parametrize("name", sorted(CONFIGURATION.datasets))
def test_a_data_set_has_its_loader(name):
    assert (DATA / "sets" / f"{CONFIGURATION.datasets[name].loader}.py").is_file()


@pytest.mark.parametrize("name", sorted(CONFIGURATION.models))
def test_a_model_places_pictures_as_some_geometry_does(name):
    preparation = CONFIGURATION.models[name].preparation
    if preparation is not None:
        assert (DATA / "geometries" / f"{preparation.geometry}.py").is_file()
        assert CONFIGURATION.models[name].task is not None


@pytest.mark.parametrize("name", sorted(CONFIGURATION.models))
def test_embedded_weights_lie_in_the_repository(name):
    embedded = CONFIGURATION.models[name].weights.embedded
    if embedded is not None:
        assert (REPOSITORY / embedded.file).is_file()
        assert embedded.trained_on in CONFIGURATION.datasets
