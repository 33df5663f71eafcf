"""The verb `build`: turn what a model is into an engine of a backend."""

import os
import time

from retable_runner import backends, contract

KEYS = ("backend", "source", "precision", "options", "folder")


def run(job, result):
    """Build the engine in the job's folder; fills versions, facts and artifacts of `result`."""
    sources = {role: contract.verified(wanted) for role, wanted in job["source"].items()}
    backend = backends.load(job["backend"])
    result["versions"].update(backend.versions())
    os.makedirs(job["folder"], exist_ok=True)
    start = time.perf_counter()
    files, facts = backend.build(sources, job["precision"], job["options"], job["folder"])
    result["facts"]["build_ms"] = round((time.perf_counter() - start) * 1e3, 6)
    result["facts"]["engine"] = facts
    result["artifacts"] = {role: contract.artifact(path) for role, path in files.items()}
