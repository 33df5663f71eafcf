"""The verb `launch`: time one case in one process."""

import time

import numpy as np

from retable_runner import backends, contract, measure, posts

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

    start = time.perf_counter()
    engine = backend.load(files, job["options"])
    engine.bind(feeds)
    facts["load_ms"] = _ms_since(start)
    facts["threads"] = engine.facts["threads"]
    facts["engine"] = engine.facts

    start = time.perf_counter()
    outputs = engine.run()
    facts["first_call_ms"] = _ms_since(start)
    facts["outputs"] = [
        {"name": engine.outputs[index], "shape": list(array.shape), "dtype": str(array.dtype)}
        for index, array in enumerate(outputs)
    ]
    _time(measure.HostSampler(engine.run, post), job, result)


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


def read_sample(path):
    """Read the input arrays of an .npz file by name, each contiguous in memory."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: np.ascontiguousarray(arrays[name]) for name in arrays.files}


def _ms_since(start):
    return round((time.perf_counter() - start) * 1e3, measure.DECIMALS_MS)
