"""Bring the pictures of a data set to the size of a network's input."""

import argparse
import json
from pathlib import Path

from retable.cases import input_shape
from retable.contract import Result
from retable.entering import of_pictures
from retable.jobs.inputs import InputsJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", type=Path, required=True, help="record of 'dataset'")
    parser.add_argument("--geometry", required=True, help="a file in retable_data/geometries")
    parser.add_argument("--options", type=json.loads, required=True, help="of it, as JSON")
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    pictures = read_record(given.pictures)

    def produce() -> Result:
        verify(pictures)
        job = InputsJob(
            index=pictures.artifacts["index"],
            geometry=given.geometry,
            options=given.options,
            input=input_shape(given.input),
            pictures=str(given.output.with_suffix(".npy")),
        )
        return of_pictures(given, job)

    subject = {**pictures.subject, "geometry": given.geometry, "input": given.input}
    leave_record(given.output, "inputs", subject, {"dataset": pictures}, produce)
