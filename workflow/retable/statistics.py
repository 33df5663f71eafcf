"""Statistics of latency samples, as pure functions of arrays (milliseconds unless said)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, which holds the truth with the probability `coverage`."""

    value: float
    low: float
    high: float
    coverage: float

    def scaled(self, factor: float) -> "Estimate":
        return Estimate(self.value * factor, self.low * factor, self.high * factor, self.coverage)


def p99_lower(samples: Samples) -> float:
    """The 99th percentile as the TF2 detection script takes it: the lower neighbouring sample."""
    return float(np.percentile(samples, 99, method="lower"))


def images_per_second(samples: Samples) -> float:
    """The mean of 1/t, as the TF2 detection script has it; not N / total time."""
    return float(np.mean(1000.0 / samples))


STATISTICS: dict[str, Callable[[Samples], float]] = {
    "mean": lambda samples: float(np.mean(samples)),
    "median": lambda samples: float(np.median(samples)),
    "min": lambda samples: float(np.min(samples)),
    "p99": p99_lower,
    "images_per_second": images_per_second,
}


def across_launches(values: Sequence[float]) -> Estimate:
    """The median over launches, with the range of the launches as its interval.

    For k independent launches the range holds the median of their distribution with probability
    1 - 2^(1-k): each launch falls on either side of it with equal chance.
    """
    launches = np.asarray(values, dtype=np.float64)
    coverage = 1.0 - 2.0 ** (1 - launches.size)
    return Estimate(
        float(np.median(launches)), float(launches.min()), float(launches.max()), coverage
    )


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """The median ratio of pairs, with the sign test's interval: the range of the pairs' ratios.

    A pair is one round of a session: both launches stand close in time, so that what slows the
    machine for a while slows both.
    """
    logs = np.log(np.asarray(numerators)) - np.log(np.asarray(denominators))
    estimate = across_launches(list(logs))
    return Estimate(
        float(np.exp(estimate.value)),
        float(np.exp(estimate.low)),
        float(np.exp(estimate.high)),
        estimate.coverage,
    )
