"""Turn an FP32 graph into one that computes in another precision."""

import argparse
from pathlib import Path

from retable.contract import Result
from retable.entering import exported
from retable.jobs.precision import PrecisionJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--precision", required=True, help="a file in retable_export/precisions")
    parser.add_argument("--graph", type=Path, required=True, help="record of the FP32 graph")
    parser.add_argument("--calibration", type=Path, help="record of 'calibration'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    graph = read_record(given.graph)
    pictures = read_record(given.calibration) if given.calibration else None
    upstream = {"graph": graph} if pictures is None else {"graph": graph, "calibration": pictures}

    def produce() -> Result:
        verify(*upstream.values())
        job = PrecisionJob(
            precision=given.precision,
            source=graph.artifacts["onnx"],
            onnx=str(given.output.with_suffix(".onnx")),
            calibration=pictures.artifacts["tensors"] if pictures else None,
        )
        return exported(given, job)

    subject = {**graph.subject, "precision": given.precision}
    leave_record(given.output, "precision", subject, upstream, produce)
