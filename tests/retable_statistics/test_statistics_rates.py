import numpy as np
import pytest

from retable_statistics.rates import (
    images_per_second_of_median,
    images_per_second_of_wall,
    mean_images_per_second,
)


def test_the_three_definitions_of_one_launch():
    samples = np.array([10.0, 10.0, 40.0])
    assert images_per_second_of_wall(3, samples.sum()) == pytest.approx(50.0)
    assert images_per_second_of_median(samples) == pytest.approx(100.0)
    assert mean_images_per_second(samples) == pytest.approx((100 + 100 + 25) / 3)


def test_the_definitions_agree_where_nothing_varies():
    assert images_per_second_of_wall(5, 100.0) == 50.0
    assert images_per_second_of_median([20.0] * 5) == 50.0
    assert mean_images_per_second([20.0] * 5) == 50.0


def test_a_batch_is_so_many_images():
    assert images_per_second_of_wall(5, 100.0, batch=8) == 400.0
    assert images_per_second_of_median([20.0], batch=8) == 400.0
    assert mean_images_per_second([20.0], batch=8) == 400.0


def test_the_mean_of_rates_is_never_less_than_the_rate_of_the_sum():
    samples = np.random.RandomState(0).lognormal(2, 0.5, 200)
    assert mean_images_per_second(samples) > images_per_second_of_wall(200, samples.sum())


@pytest.mark.parametrize("rate", [images_per_second_of_median, mean_images_per_second])
def test_no_time_has_no_rate(rate):
    with pytest.raises(ValueError, match="above zero"):
        rate([1.0, 0.0])


@pytest.mark.parametrize(("count", "wall_ms"), [(0, 1.0), (1, 0.0), (1, -1.0), (1, np.nan)])
def test_no_iterations_or_no_wall_time_have_no_rate(count, wall_ms):
    with pytest.raises(ValueError, match="no rate"):
        images_per_second_of_wall(count, wall_ms)
