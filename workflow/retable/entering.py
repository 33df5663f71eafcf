"""Running a step's job of `retable_export` or `retable_data` in the environment it is given."""

import argparse
import os

from retable.contract import Message, Result
from retable.environments import place_of
from retable.places import run_job

TIMEOUT_S = 3600
# Of this machine's memory, for one job: what wants more ends, and the machine does not thrash.
# What a process may write counts, touched or not: 19 GB of TensorFlow's, where it holds 12.
MEMORY_SHARE = 0.85


def exported(given: argparse.Namespace, job: Message) -> Result:
    """Run `job` in the framework's environment.

    `given` are the step's arguments: its `environment` record and its `log`.
    """
    return _run("retable_export", given, job)


def of_pictures(given: argparse.Namespace, job: Message) -> Result:
    """Run `job`, which makes pictures or scores, in the environment `data`."""
    return _run("retable_data", given, job)


def _run(package: str, given: argparse.Namespace, job: Message) -> Result:
    place = place_of(given.environment)
    limit = _memory_limit_mib()
    result = run_job(
        place, package, job, log=given.log, timeout_s=TIMEOUT_S, memory_limit_mib=limit
    )
    if result.outcome == "out_of_memory":
        reason = f"{result.reason} (a job may take {limit} MiB here)"
        return result.model_copy(update={"reason": reason})
    return result


def _memory_limit_mib() -> int:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(MEMORY_SHARE * memory) // 2**20
