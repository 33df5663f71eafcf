"""What every function of samples refuses, in the same words."""

import numpy as np
import pytest

from retable_statistics.bootstrap import bootstrap_interval
from retable_statistics.drift import has_steady_state, relative_drift, theil_sen
from retable_statistics.intervals import autocorrelation_time, quantile_interval
from retable_statistics.launches import median_of_launches, noise_floor, paired_ratio
from retable_statistics.outliers import mad_outliers
from retable_statistics.percentiles import (
    has_enough,
    loadgen_percentile,
    lower_percentile,
    trtexec_percentile,
)
from retable_statistics.rates import images_per_second_of_median, mean_images_per_second
from retable_statistics.stopping import Convergence

OF_SAMPLES = {
    "autocorrelation_time": autocorrelation_time,
    "quantile_interval": quantile_interval,
    "median_of_launches": median_of_launches,
    "paired_ratio": lambda samples: paired_ratio(samples, samples),
    "noise_floor": lambda samples: noise_floor(samples, samples),
    "bootstrap_interval": lambda samples: bootstrap_interval([samples]),
    "trtexec_percentile": lambda samples: trtexec_percentile(samples, 0.9),
    "loadgen_percentile": lambda samples: loadgen_percentile(samples, 0.9),
    "lower_percentile": lambda samples: lower_percentile(samples, 0.9),
    "has_enough": lambda samples: has_enough(samples, 0.9),
    "images_per_second_of_median": images_per_second_of_median,
    "mean_images_per_second": mean_images_per_second,
    "theil_sen": lambda samples: theil_sen(samples, samples),
    "relative_drift": relative_drift,
    "has_steady_state": has_steady_state,
    "mad_outliers": mad_outliers,
    "Convergence.look": Convergence(0.01).look,
}
OF_QUANTILES = {
    "quantile_interval": quantile_interval,
    "trtexec_percentile": trtexec_percentile,
    "loadgen_percentile": loadgen_percentile,
    "lower_percentile": lower_percentile,
    "has_enough": has_enough,
    "Convergence": lambda samples, q: Convergence(0.01, q),
}


@pytest.mark.parametrize("function", OF_SAMPLES.values(), ids=OF_SAMPLES)
@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        ([], "at least"),
        ([1.0, np.nan, 2.0], "must be finite"),
        ([1.0, np.inf, 2.0], "must be finite"),
        ([[1.0, 2.0], [3.0, 4.0]], "one dimension"),
    ],
    ids=["empty", "NaN", "infinite", "two dimensions"],
)
def test_samples_that_make_no_sense_are_refused(function, samples, complaint):
    with pytest.raises(ValueError, match=complaint):
        function(samples)


@pytest.mark.parametrize("function", OF_QUANTILES.values(), ids=OF_QUANTILES)
@pytest.mark.parametrize("q", [0.0, 1.0, -0.5, 99, np.nan])
def test_a_quantile_is_a_fraction(function, q):
    with pytest.raises(ValueError, match="between 0 and 1"):
        function([1.0, 2.0, 3.0], q)


@pytest.mark.parametrize("function", OF_SAMPLES.values(), ids=OF_SAMPLES)
def test_samples_are_left_as_they_were(function):
    samples = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
    function(samples)
    assert samples.tolist() == [3.0, 1.0, 2.0, 5.0, 4.0]
