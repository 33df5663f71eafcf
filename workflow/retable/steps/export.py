"""Turn native weights into an ONNX file for one input size."""

import argparse
from pathlib import Path

from retable.cases import input_shape
from retable.contract import Result
from retable.entering import exported
from retable.jobs.export import ExportJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment, add_network

# The newest opset that TensorRT 8.0 (JetPack 4.6) parses; every newer parser takes it too, so
# that one file serves every device.
OPSET = 13


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("--native", type=Path, required=True, help="record of 'native'")
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    native = read_record(given.native)

    def produce() -> Result:
        verify(native)
        job = ExportJob(
            exporter=given.exporter,
            options=given.options,
            input=input_shape(given.input),
            native=native.artifacts,
            opset=OPSET,
            onnx=str(given.output.with_suffix(".onnx")),
        )
        return exported(given, job)

    subject = {"model": given.model, "input": given.input}
    leave_record(given.output, "export", subject, {"native": native}, produce)
