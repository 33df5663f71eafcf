"""Compare what a case's engine computed of the sample with the framework's own FP32 output."""

import argparse
from pathlib import Path

from retable.contract import Artifact, Result
from retable.entering import exported
from retable.jobs.fidelity import FidelityJob
from retable.records import Record, leave_record, read_record, verify
from retable.steps.options import add_environment

PREPARED = "prepared"  # among an engine's outputs: the pictures, as the runner prepares them


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tail", required=True, help="of the graph; none for the framework's own")
    parser.add_argument("--outputs", type=Path, required=True, help="record of 'outputs'")
    parser.add_argument("--graph", type=Path, help="record of the graph that the engine is of")
    parser.add_argument("--plain", type=Path, help="record of 'export'")
    parser.add_argument("--sample", type=Path, required=True, help="record of 'sample'")
    parser.add_argument("--reference", type=Path, required=True, help="record of 'reference'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    paths = {
        name: getattr(given, name) for name in ("outputs", "graph", "plain", "sample", "reference")
    }
    records = {name: read_record(path) for name, path in paths.items() if path is not None}

    def produce() -> Result:
        verify(*records.values())
        result = exported(given, _of_outputs(given.tail, records))
        preparation = _of_preparation(records)
        if result.outcome != "ok" or preparation is None:
            return result
        prepared = exported(given, preparation)
        if prepared.outcome != "ok":
            return prepared
        return result.model_copy(update={"facts": {**result.facts, "input": prepared.facts}})

    leave_record(given.output, "engine_fidelity", records["outputs"].subject, records, produce)


def _of_outputs(tail: str, records: dict[str, Record]) -> FidelityJob:
    outputs = records["outputs"].artifacts
    return FidelityJob(
        tail=tail,
        graph=_onnx(records, "graph"),
        found={name: made for name, made in outputs.items() if name != PREPARED},
        plain=None if tail == "none" else _onnx(records, "plain"),
        sample=records["sample"].artifacts["sample"],
        reference=records["reference"].artifacts["reference"],
    )


def _onnx(records: dict[str, Record], name: str) -> Artifact | None:
    return records[name].artifacts["onnx"] if name in records else None


def _of_preparation(records: dict[str, Record]) -> FidelityJob | None:
    """The runner's tensor beside the framework's own, where the sample is of pictures."""
    prepared = records["outputs"].artifacts.get(PREPARED)
    if prepared is None:
        return None
    sample = records["sample"]
    (one,) = sample.facts["inputs"]
    return FidelityJob(
        tail="none", found={one["name"]: prepared}, reference=sample.artifacts["sample"]
    )
