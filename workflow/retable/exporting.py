"""Running a job of `retable_export` in a model's environment, on this machine."""

import argparse

from retable.contract import Message, Result
from retable.environments import place_of

TIMEOUT_S = 3600


def exported(given: argparse.Namespace, job: Message) -> Result:
    """Run `job` in the step's environment.

    `given` are the step's arguments: its `environment` record and its `log`.
    """
    return place_of(given.environment).run(
        "retable_export", job, log=given.log, timeout_s=TIMEOUT_S
    )
