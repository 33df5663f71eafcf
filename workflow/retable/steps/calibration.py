"""Prepare the pictures that an INT8 graph is calibrated with, as the framework does it."""

import argparse
from pathlib import Path

from retable.contract import Result
from retable.entering import exported
from retable.jobs.prepare import PrepareJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment, add_network


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("--inputs", type=Path, required=True, help="record of 'inputs'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    inputs = read_record(given.inputs)

    def produce() -> Result:
        verify(inputs)
        job = PrepareJob(
            exporter=given.exporter,
            options=given.options,
            pictures=inputs.artifacts["pictures"],
            tensors=str(given.output.with_suffix(".npz")),
        )
        return exported(given, job)

    subject = {**inputs.subject, "model": given.model}
    leave_record(given.output, "calibration", subject, {"inputs": inputs}, produce)
