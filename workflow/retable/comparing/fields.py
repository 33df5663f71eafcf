"""Timing fields: which samples of a launch answer the field that a table used."""

import numpy as np

from retable.comparing.statistics import Samples
from retable.contract import Result

# Where inputs and outputs live in host memory there is nothing to transfer, and one call is all:
# these fields are then the same thing as latency_sync.
SAME_WITHOUT_TRANSFERS = ("latency_sum", "latency_run", "latency_run_d2h", "latency_call")

WITH_POST = ("latency_sync", "latency_sum")


def field_used(field: str, result: Result, memory: str) -> str | None:
    """The name of the samples that answer `field`; None if the backend cannot give it."""
    if field in result.samples:
        return field
    if memory == "host" and field in SAME_WITHOUT_TRANSFERS and "latency_sync" in result.samples:
        return "latency_sync"
    return None


def field_samples(field: str, post: str, result: Result, memory: str) -> Samples | None:
    """Milliseconds of every iteration of a launch, post-processing added where there was some.

    None if the backend cannot give it.
    """
    used = field_used(field, result, memory)
    if used is None:
        return None
    samples = np.asarray(result.samples[used], dtype=np.float64)
    after = post_field(used, result)
    if post != "none" and after is not None:
        samples = samples + np.asarray(result.samples[after], dtype=np.float64)
    return samples


def post_field(field: str, result: Result) -> str | None:
    """The samples of the post-processing that a field does not hold, if there are any.

    What follows on the host is in none of them; what runs on the GPU, behind the engine, is in
    those that measure from the first copy to the last.
    """
    if "host_post" in result.samples:
        return "host_post"
    if "post" in result.samples and field not in WITH_POST:
        return "post"
    return None
