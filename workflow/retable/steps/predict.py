"""Run a case's engine on the pictures of a data set, and keep what it says of each."""

import argparse
from pathlib import Path

from retable.contract import Result
from retable.predicting import predicted
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_case, add_environment

TIMEOUT_S = 4 * 3600


def arguments(parser: argparse.ArgumentParser) -> None:
    add_case(parser)
    parser.add_argument("--native", type=Path, required=True, help="record of 'native'")
    parser.add_argument("--inputs", type=Path, required=True, help="record of 'inputs'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    engine, native = read_record(given.engine), read_record(given.native)
    inputs, environment = read_record(given.inputs), read_record(given.environment)

    def produce() -> Result:
        if native.facts.get("weights") == "random":
            return Result(outcome="unavailable", reason="random weights predict nothing")
        verify(engine, inputs)
        return predicted(
            given,
            engine,
            environment,
            pictures=inputs.artifacts["pictures"],
            sample=None,
            keep=given.case["keep"],
            timeout_s=TIMEOUT_S,
        )

    subject = {"case": given.case["name"], "block": given.case["block"], **inputs.subject}
    upstream = {"native": native, "build": engine, "inputs": inputs, "environment": environment}
    leave_record(given.output, "predict", subject, upstream, produce)
