"""Running a job of `retable_export` in a model's environment."""

import argparse

from retable.contract import Message, Result
from retable.environments import place_of
from retable.places import run_job

TIMEOUT_S = 3600


def exported(given: argparse.Namespace, job: Message) -> Result:
    """Run `job` in the step's environment.

    `given` are the step's arguments: its `environment` record and its `log`.
    """
    place = place_of(given.environment)
    return run_job(place, "retable_export", job, log=given.log, timeout_s=TIMEOUT_S)
