"""Make an environment ready to be entered."""

import argparse

from retable.contract import Result
from retable.records import leave_record
from retable.runtimes import runtime
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="a folder in containers/")
    parser.add_argument("--runtime", required=True, help="how it is entered")
    parser.add_argument(
        "--settings",
        required=True,
        help="of the runtime, as JSON: what the device's file says to it",
    )
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    def produce() -> Result:
        where = f"environment {given.name}"
        entered = runtime(given.runtime, where)
        settings = entered.Settings.model_validate_json(given.settings)
        entered.check(where, settings)
        prepared = entered.prepare(given.name, settings, given.log)
        facts = {
            **prepared.facts,
            "python": prepared.python,
            "identity": prepared.identity,
            "settings": settings.model_dump(),
        }
        return Result(outcome="ok", facts=facts)

    subject = {"environment": given.name, "runtime": given.runtime}
    leave_record(given.output, "environment", subject, {}, produce)
