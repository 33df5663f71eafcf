"""Timing fields: what each times, and which samples of a launch answer the one of a table."""

import numpy as np

from retable.comparing.statistics import Samples
from retable.contract import Result

# Where inputs and outputs live in host memory there is nothing to transfer, and one call is all:
# these fields are then the same thing as latency_sync.
SAME_WITHOUT_TRANSFERS = ("latency_sum", "latency_run", "latency_run_d2h", "latency_call")

WITH_POST = ("latency_sync", "latency_sum")

# What lies between a field's two looks at the clock.
TIMED = {
    "latency_sync": "one run into buffers made before",
    "latency_sum": "one run into buffers made before, by the GPU's own events",
    "gpu_compute": "the GPU's work between the transfers, by its own events",
    "latency_pipe": "one run while the one before it is under way",
    "latency_run": "the run call, until its outputs are there",
    "latency_run_d2h": "the run call, and the copy of its outputs to the host's arrays",
    "latency_call": "the call of the framework's function, until it returns",
}

# What of the way between host and device is in it, where inputs and outputs live on a device.
TRANSFERRED = {
    **dict.fromkeys(
        ("latency_sync", "latency_sum", "latency_pipe"), "host to device and back, inside the value"
    ),
    "latency_run_d2h": "device to host, inside the value",
    **dict.fromkeys(("latency_run", "latency_call", "gpu_compute"), "outside the value"),
}


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
