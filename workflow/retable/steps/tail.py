"""Fuse a tail behind the graph of an ONNX file."""

import argparse
from pathlib import Path

from retable.contract import Result, TailJob
from retable.environments import place_of
from retable.files import verified
from retable.locks import machine_shared
from retable.records import leave_record, read_record
from retable.steps.options import add_environment

TIMEOUT_S = 600


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tail", required=True, help="a file in retable_export/tails")
    parser.add_argument("--graph", type=Path, required=True, help="record of 'export'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    graph = read_record(given.graph)

    def produce() -> Result:
        verified(graph.artifacts["onnx"])
        job = TailJob(
            tail=given.tail,
            source=graph.artifacts["onnx"],
            onnx=str(given.output.with_suffix(".onnx")),
        )
        with machine_shared():
            return place_of(given.environment).run(
                "retable_export", job, log=given.log, timeout_s=TIMEOUT_S
            )

    leave_record(
        given.output, "tail", {**graph.subject, "tail": given.tail}, {"graph": graph}, produce
    )
