"""Make an environment ready to be entered."""

import argparse

from retable.config.device import ContainerSettings
from retable.contract import Result
from retable.records import leave_record
from retable.runtimes import runtime
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="a folder in containers/")
    parser.add_argument("--runtime", required=True, help="how it is entered")
    parser.add_argument(
        "--container",
        type=ContainerSettings.model_validate_json,
        required=True,
        help="of the device, as JSON: how a container is run there",
    )
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    def produce() -> Result:
        where = f"environment {given.name}"
        entered = runtime(given.runtime, where)
        entered.check(where, given.container)
        prepared = entered.prepare(given.name, given.container, given.log)
        facts = {
            **prepared.facts,
            "python": prepared.python,
            "identity": prepared.identity,
            "container": given.container.model_dump(),
        }
        return Result(outcome="ok", facts=facts)

    subject = {"environment": given.name, "runtime": given.runtime}
    leave_record(given.output, "environment", subject, {}, produce)
