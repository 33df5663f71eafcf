"""Make one input to run a network on: of the pictures of its data set, or from a seed."""

import argparse
from pathlib import Path

from retable.cases import input_shape
from retable.contract import Result
from retable.entering import exported
from retable.jobs.sample import SampleJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment, add_network


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    parser.add_argument("--seed", type=int, required=True, help="of the sample")
    parser.add_argument("--pictures", type=Path, help="record of 'inputs'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    pictures = read_record(given.pictures) if given.pictures else None
    upstream = {} if pictures is None else {"inputs": pictures}

    def produce() -> Result:
        verify(*upstream.values())
        job = SampleJob(
            exporter=given.exporter,
            options=given.options,
            input=input_shape(given.input),
            seed=given.seed,
            pictures=pictures.artifacts["pictures"] if pictures else None,
            sample=str(given.output.with_suffix(".npz")),
        )
        return exported(given, job)

    subject = {"model": given.model, "input": given.input}
    leave_record(given.output, "sample", subject, upstream, produce)
