"""Run the framework itself on the sample: what every later stage is held against."""

import argparse
from pathlib import Path

from retable.cases import input_shape
from retable.contract import Result
from retable.entering import exported
from retable.jobs.reference import ReferenceJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment, add_network


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("--native", type=Path, required=True, help="record of 'native'")
    parser.add_argument("--sample", type=Path, required=True, help="record of 'sample'")
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    native = read_record(given.native)
    sample = read_record(given.sample)

    def produce() -> Result:
        verify(native, sample)
        job = ReferenceJob(
            exporter=given.exporter,
            options=given.options,
            input=input_shape(given.input),
            native=native.artifacts,
            sample=sample.artifacts["sample"],
            reference=str(given.output.with_suffix(".npz")),
        )
        return exported(given, job)

    subject = {"model": given.model, "input": given.input}
    leave_record(given.output, "reference", subject, {"native": native, "sample": sample}, produce)
