"""Running a step's job of `retable_export` or `retable_data` in the environment it is given."""

import argparse

from retable.contract import Message, Result
from retable.environments import place_of
from retable.places import run_job

TIMEOUT_S = 3600


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
    return run_job(place, package, job, log=given.log, timeout_s=TIMEOUT_S)
