"""Fuse a tail behind the graph of an ONNX file."""

import argparse
from pathlib import Path

from retable.contract import Result
from retable.entering import exported
from retable.jobs.tail import TailJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tail", required=True, help="a file in retable_export/tails")
    parser.add_argument("--graph", type=Path, required=True, help="record of 'export'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    graph = read_record(given.graph)

    def produce() -> Result:
        verify(graph)
        job = TailJob(
            tail=given.tail,
            source=graph.artifacts["onnx"],
            onnx=str(given.output.with_suffix(".onnx")),
        )
        return exported(given, job)

    leave_record(
        given.output, "tail", {**graph.subject, "tail": given.tail}, {"graph": graph}, produce
    )
