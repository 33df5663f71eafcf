"""Turn native weights into an ONNX file for one input size, with a sample input beside it."""

import argparse
from pathlib import Path

from retable.cases import input_shape
from retable.config.entry import read_entry
from retable.config.model import Model
from retable.contract import ExportJob, Result
from retable.environments import place_of
from retable.files import verified
from retable.locks import machine_shared
from retable.records import leave_record, read_record
from retable.steps.options import add_environment, add_model

# The newest opset that TensorRT 8.0 (JetPack 4.6) parses; every newer parser takes it too, so
# that one file serves every device.
OPSET = 13
TIMEOUT_S = 1800


def arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--native", type=Path, required=True, help="record of 'native'")
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    parser.add_argument("--seed", type=int, required=True, help="of the sample input")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    model = read_entry(Model, given.model)
    native = read_record(given.native)

    def produce() -> Result:
        for wanted in native.artifacts.values():
            verified(wanted)
        job = ExportJob(
            exporter=model.exporter,
            options=model.options,
            native=native.artifacts,
            input=input_shape(given.input),
            opset=OPSET,
            seed=given.seed,
            onnx=str(given.output.with_suffix(".onnx")),
            sample=str(given.output.parent.parent / "sample.npz"),
        )
        with machine_shared():
            return place_of(given.environment).run(
                "retable_export", job, log=given.log, timeout_s=TIMEOUT_S
            )

    subject = {"model": model.model, "input": given.input}
    leave_record(given.output, "export", subject, {"native": native}, produce)
