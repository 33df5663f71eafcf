"""The statistics that published tables name, of one launch's samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retable_statistics.percentiles import has_enough, lower_percentile
from retable_statistics.rates import mean_images_per_second

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Statistic:
    """A number of one launch's samples.

    `of_all`: disturbed samples belong to it too. `of_count`: it grows with the number of samples,
    so that launches of other lengths cannot be held against it.
    """

    of: Callable[[Samples], float]
    of_all: bool = False
    of_count: bool = False
    quantile: float | None = None  # one that few samples do not tell

    def shortage(self, samples: Samples) -> str | None:
        """Why these samples are too few for it, or None."""
        if self.quantile is None:
            return None
        enough, effective, needed = has_enough(samples, self.quantile)
        if enough:
            return None
        return f"needs {needed} independent samples a launch; there are {effective:.0f}"


STATISTICS = {
    "mean": Statistic(lambda samples: float(np.mean(samples))),
    "median": Statistic(lambda samples: float(np.median(samples))),
    "min": Statistic(lambda samples: float(np.min(samples))),
    # As the TF2 detection script takes it. What is slow belongs to it, whatever made it slow.
    "p99": Statistic(lambda samples: lower_percentile(samples, 0.99), of_all=True, quantile=0.99),
    "images_per_second": Statistic(mean_images_per_second),
    "total_time": Statistic(lambda samples: float(np.sum(samples)), of_all=True, of_count=True),
}
