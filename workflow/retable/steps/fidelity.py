"""Compare what a graph computes of the sample with the framework's own FP32 output."""

import argparse
from pathlib import Path

from retable.contract import Result
from retable.entering import exported
from retable.jobs.fidelity import FidelityJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tail", required=True, help="of the graph")
    parser.add_argument("--precision", required=True, help="of the graph")
    parser.add_argument("--graph", type=Path, required=True, help="its record")
    parser.add_argument("--plain", type=Path, required=True, help="record of 'export'")
    parser.add_argument("--sample", type=Path, required=True, help="record of 'sample'")
    parser.add_argument("--reference", type=Path, required=True, help="record of 'reference'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    records = {
        name: read_record(getattr(given, name))
        for name in ("graph", "plain", "sample", "reference")
    }

    def produce() -> Result:
        verify(*records.values())
        job = FidelityJob(
            tail=given.tail,
            graph=records["graph"].artifacts["onnx"],
            plain=records["plain"].artifacts["onnx"],
            sample=records["sample"].artifacts["sample"],
            reference=records["reference"].artifacts["reference"],
        )
        return exported(given, job)

    subject = {
        **records["plain"].subject,
        "tail": given.tail,
        "precision": given.precision,
    }
    leave_record(given.output, "fidelity", subject, records, produce)
