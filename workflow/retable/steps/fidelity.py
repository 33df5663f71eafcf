"""Compare every ONNX file of one model and input with the framework's own FP32 output."""

import argparse
from pathlib import Path

from retable.cases import input_shape
from retable.config.entry import read_entry
from retable.config.model import Model
from retable.contract import FidelityJob, Result
from retable.environments import place_of
from retable.files import verified
from retable.locks import machine_shared
from retable.records import Record, leave_record, read_record
from retable.steps.options import add_environment, add_model

TIMEOUT_S = 3600


def arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--native", type=Path, required=True, help="record of 'native'")
    parser.add_argument("--input", required=True, help="height x width, such as 384x576")
    parser.add_argument(
        "--graphs", type=Path, nargs="+", required=True, help="export's record, then tails'"
    )
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    model = read_entry(Model, given.model)
    native, exported = read_record(given.native), read_record(given.graphs[0])
    graphs = {f"{path.parent.name}/{path.stem}": read_record(path) for path in given.graphs}

    def produce() -> Result:
        made = {name: record for name, record in graphs.items() if record.outcome == "ok"}
        job = FidelityJob(
            exporter=model.exporter,
            options=model.options,
            native=native.artifacts,
            input=input_shape(given.input),
            sample=exported.artifacts["sample"],
            graphs={name: record.artifacts["onnx"] for name, record in made.items()},
        )
        _verify(native, exported, *made.values())
        with machine_shared():
            return place_of(given.environment).run(
                "retable_export", job, log=given.log, timeout_s=TIMEOUT_S
            )

    upstream = {"native": native, "export": exported}
    subject = {"model": model.model, "input": given.input}
    leave_record(given.output, "fidelity", subject, upstream, produce)


def _verify(*records: Record) -> None:
    for record in records:
        for wanted in record.artifacts.values():
            verified(wanted)
