"""Turn an FP32 graph into one that computes in another precision."""

import argparse
from pathlib import Path

from retable.contract import Result
from retable.exporting import exported
from retable.jobs.precision import PrecisionJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--precision", required=True, help="a file in retable_export/precisions")
    parser.add_argument("--graph", type=Path, required=True, help="record of the FP32 graph")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    graph = read_record(given.graph)

    def produce() -> Result:
        verify(graph)
        job = PrecisionJob(
            precision=given.precision,
            source=graph.artifacts["onnx"],
            onnx=str(given.output.with_suffix(".onnx")),
        )
        return exported(given, job)

    subject = {**graph.subject, "precision": given.precision}
    leave_record(given.output, "precision", subject, {"graph": graph}, produce)
