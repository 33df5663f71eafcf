"""The statistics by their published names; their maths is tested in tests/retable_statistics."""

import csv
from pathlib import Path

import numpy as np
import pytest

from retable.comparing.statistics import STATISTICS

SAMPLES = np.array([2.0, 10.0, 1.0, 5.0, 4.0, 2.0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean", 4.0),
        ("median", 3.0),
        ("min", 1.0),
        ("p99", 5.0),
        ("images_per_second", 425.0),
        ("total_time", 24.0),
    ],
)
def test_statistics_of_known_samples(name, value):
    assert STATISTICS[name].of(SAMPLES) == pytest.approx(value)


def test_p99_is_a_sample_and_the_lower_of_two():
    of = STATISTICS["p99"].of
    assert of(np.arange(1.0, 101.0)) == 99.0
    assert of(np.arange(1.0, 102.0)) == 100.0
    assert of(np.array([3.0])) == 3.0


def test_images_per_second_is_the_mean_of_rates_not_the_rate_of_the_mean():
    rate = STATISTICS["images_per_second"].of(np.array([10.0, 40.0]))
    assert rate == pytest.approx((100 + 25) / 2)


def test_what_is_slow_belongs_to_a_tail_and_to_a_sum_and_to_no_other_statistic():
    assert {name for name, one in STATISTICS.items() if one.of_all} == {"p99", "total_time"}


def test_a_tail_of_few_samples_is_not_told_and_says_how_many_it_needs():
    shortage = STATISTICS["p99"].shortage(SAMPLES)
    assert shortage == "needs 662 independent samples a launch; there are 6"


def test_samples_that_come_in_waves_count_for_less():
    """5000 in the order of chance are enough; 5000 that rise and fall slowly are not."""
    chance = np.random.default_rng(20211)
    assert STATISTICS["p99"].shortage(1 + chance.random(5000)) is None
    waves = 2 + np.sin(np.arange(5000) * 2 * np.pi / 1000)
    assert "needs 662 independent samples" in STATISTICS["p99"].shortage(waves)


@pytest.mark.parametrize("name", sorted(STATISTICS.keys() - {"p99"}))
def test_others_are_told_of_a_single_sample(name):
    assert STATISTICS[name].shortage(np.array([2.0])) is None


PUBLISHED = Path(__file__).parents[3] / "shared" / "reference" / "tf2-results"
ITERATIONS = 4950
TIMES = ("latency_min(ms)", "latency_median(ms)", "latency_mean(ms)", "images/sec", "total_time(s)")


def published_rows():
    """The published columns of times, as numbers, of every network that ran."""
    if not PUBLISHED.is_dir():
        pytest.skip("no ../shared/reference beside this checkout")
    for path in sorted(PUBLISHED.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if float(row["latency_mean(ms)"]):
                    yield row["Model"], {name: float(row[name]) for name in TIMES}


def test_the_published_total_time_is_the_sum_of_the_iterations():
    rows = list(published_rows())
    assert len(rows) == 3 * 39
    for model, row in rows:
        wanted = row["latency_mean(ms)"] * ITERATIONS / 1e3
        assert row["total_time(s)"] == pytest.approx(wanted, rel=1e-9), model


def test_the_published_images_a_second_are_the_mean_of_the_rates():
    """It cannot be less than the mean's rate, nor more than half at the median, half at the least.

    The other two definitions are not what is printed: the median's rate leaves these bounds.
    """
    outside = 0
    for model, row in published_rows():
        least = 1e3 / row["latency_mean(ms)"]
        most = 500 / row["latency_min(ms)"] + 500 / row["latency_median(ms)"]
        assert least < row["images/sec"] < most, model
        outside += not least < 1e3 / row["latency_median(ms)"] < most
    assert outside > 0
