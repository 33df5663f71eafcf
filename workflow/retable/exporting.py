"""Running a job of `retable_export` in a model's environment, on this machine."""

import argparse

from retable.contract import Message, Result
from retable.environments import place_of
from retable.locks import machine_shared

TIMEOUT_S = 3600


def exported(given: argparse.Namespace, job: Message) -> Result:
    """Run `job` in the step's environment, while no session times anything on this machine.

    `given` are the step's arguments: its `environment` record and its `log`.
    """
    with machine_shared():
        return place_of(given.environment).run(
            "retable_export", job, log=given.log, timeout_s=TIMEOUT_S
        )
