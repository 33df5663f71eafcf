"""Make an environment ready to be entered, and record what it and the machine are."""

import argparse

from retable.contract import ProbeJob, Result
from retable.records import leave_record
from retable.runtimes import runtime
from retable.steps.options import add_output

PROBE_TIMEOUT_S = 300


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="a folder in containers/")
    parser.add_argument("--runtime", required=True, help="how it is entered")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    def produce() -> Result:
        entered = runtime(given.runtime, f"environment {given.name}")
        entered.check(f"environment {given.name}")
        prepared = entered.prepare(given.name, given.log)
        probed = entered.enter(prepared).run(
            "retable_runner", ProbeJob(), log=given.log, timeout_s=PROBE_TIMEOUT_S
        )
        facts = {"python": prepared.python, "identity": prepared.identity, **probed.facts}
        return probed.model_copy(update={"facts": facts})

    subject = {"environment": given.name, "runtime": given.runtime}
    leave_record(given.output, "environment", subject, {}, produce)
