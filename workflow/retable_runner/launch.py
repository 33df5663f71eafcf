"""The verb `launch`: time one case in one process."""

import time

import numpy as np

from retable_runner import backends, contract, host, measure, posts

KEYS = ("backend", "engine", "sample", "post", "options", "warmup", "measure")


def run(job, result):
    """Load the engine, warm it up and time it; fills versions, facts and samples of `result`."""
    files = {role: contract.verified(wanted) for role, wanted in job["engine"].items()}
    feeds = read_sample(contract.verified(job["sample"]))
    backend = backends.load(job["backend"])
    post = posts.load(job["post"])
    result["versions"].update(backend.versions())
    facts = result["facts"]
    facts["affinity"] = backends.cpus()  # before the library sets its own

    memory = getattr(backend, "MEMORY", host)
    start = time.perf_counter()
    with memory.opened(backend, files, job["options"], feeds) as inference:
        facts["load_ms"] = _ms_since(start)
        facts["memory"] = memory.NAME
        facts["threads"] = inference.facts["threads"]
        facts["engine"] = inference.facts

        start = time.perf_counter()
        outputs = inference.run()
        facts["first_call_ms"] = _ms_since(start)
        facts["outputs"] = [
            {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
            for name, array in zip(inference.outputs, outputs)  # noqa: B905 - Python 3.6
        ]
        _time(inference.sampler(post), job, result)
        for sampler in inference.further(post):
            _time_further(sampler, job, result)


def _time(sampler, job, result):
    with measure.no_garbage_collection():
        warmup = measure.warm_up(sampler, measure.Steadiness(**job["warmup"]))
        rows, duration_ms = measure.repeat(sampler, measure.Budget(**job["measure"]))
    result["facts"].update(
        warmup=warmup,
        iterations=len(rows),
        duration_ms=round(duration_ms, measure.DECIMALS_MS),
    )
    result["samples"] = measure.columns(sampler.fields, rows)


def _time_further(sampler, job, result):
    """Time a pass of its own, on an engine that is warm: its fields have a count of their own."""
    with measure.no_garbage_collection():
        rows, _ = measure.repeat(sampler, measure.Budget(**job["measure"]))
    result["samples"].update(measure.columns(sampler.fields, rows))


def read_sample(path):
    """Read the input arrays of an .npz file by name, each contiguous in memory."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: np.ascontiguousarray(arrays[name]) for name in arrays.files}


def _ms_since(start):
    return round((time.perf_counter() - start) * 1e3, measure.DECIMALS_MS)
