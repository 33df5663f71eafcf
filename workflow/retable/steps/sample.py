"""Make an input to run a network on, where no data set is needed."""

import argparse

from retable.cases import input_shape
from retable.contract import Result
from retable.exporting import exported
from retable.jobs.sample import SampleJob
from retable.records import leave_record
from retable.steps.options import add_environment, add_network


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    parser.add_argument("--seed", type=int, required=True, help="of the sample")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    def produce() -> Result:
        job = SampleJob(
            exporter=given.exporter,
            options=given.options,
            input=input_shape(given.input),
            seed=given.seed,
            sample=str(given.output.with_suffix(".npz")),
        )
        return exported(given, job)

    subject = {"model": given.model, "input": given.input}
    leave_record(given.output, "sample", subject, {}, produce)
