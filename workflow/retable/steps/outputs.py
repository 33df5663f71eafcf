"""Run a case's engine on the sample, and keep all that it computes: what fidelity looks at."""

import argparse
from pathlib import Path

from retable.config.budget import ONE_INFERENCE_S
from retable.contract import Result
from retable.predicting import predicted
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_case, add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    add_case(parser)
    parser.add_argument("--sample", type=Path, required=True, help="record of 'sample'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    engine, sample = read_record(given.engine), read_record(given.sample)
    environment = read_record(given.environment)

    def produce() -> Result:
        verify(engine, sample)
        return predicted(
            given,
            engine,
            environment,
            pictures=sample.artifacts.get("pictures"),
            sample=sample.artifacts["sample"],
            keep="outputs",
            timeout_s=ONE_INFERENCE_S,
        )

    subject = {"case": given.case["name"], "block": given.case["block"]}
    upstream = {"build": engine, "sample": sample, "environment": environment}
    leave_record(given.output, "outputs", subject, upstream, produce)
