"""Hold a case's predictions against the labels of a data set."""

import argparse
import json
from pathlib import Path

from retable.contract import Result
from retable.entering import of_pictures
from retable.jobs.score import ScoreJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--metric", required=True, help="a file in retable_data/metrics")
    parser.add_argument("--options", type=json.loads, required=True, help="of it, as JSON")
    parser.add_argument("--pictures", type=Path, required=True, help="record of 'dataset'")
    parser.add_argument("--inputs", type=Path, required=True, help="record of 'inputs'")
    parser.add_argument("--predictions", type=Path, required=True, help="record of 'predict'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    pictures = read_record(given.pictures)
    inputs, predictions = read_record(given.inputs), read_record(given.predictions)

    def produce() -> Result:
        verify(pictures, inputs, predictions)
        job = ScoreJob(
            metric=given.metric,
            options=given.options,
            index=pictures.artifacts["index"],
            placements=inputs.artifacts["placements"],
            predictions=predictions.artifacts,
        )
        return of_pictures(given, job)

    subject = {**predictions.subject, "metric": given.metric}
    upstream = {"dataset": pictures, "inputs": inputs, "predict": predictions}
    leave_record(given.output, "score", subject, upstream, produce)
