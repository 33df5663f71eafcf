"""Enter an environment on the device, and record what the machine and the interpreter are."""

import argparse

from retable.contract import Result
from retable.environments import enter
from retable.jobs.probe import ProbeJob
from retable.places import run_job
from retable.records import leave_record, read_record
from retable.steps.options import add_environment

TIMEOUT_S = 300


def arguments(parser: argparse.ArgumentParser) -> None:
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    environment = read_record(given.environment)

    def produce() -> Result:
        place = enter(environment)
        probed = run_job(place, "retable_runner", ProbeJob(), log=given.log, timeout_s=TIMEOUT_S)
        return probed.model_copy(update={"facts": {**environment.facts, **probed.facts}})

    leave_record(given.output, "probe", environment.subject, {"environment": environment}, produce)
