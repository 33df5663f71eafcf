"""Make what the framework itself loads, from the official weights or from a seed."""

import argparse
from pathlib import Path

from retable.config.entry import read_entry
from retable.config.model import Model
from retable.contract import NativeJob, Result
from retable.environments import place_of
from retable.errors import RetableError
from retable.files import verified
from retable.locks import machine_shared
from retable.records import leave_record, read_record
from retable.steps.options import add_environment, add_model

TIMEOUT_S = 1800


def arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--fetched", type=Path, required=True, help="record of 'fetch'")
    parser.add_argument("--seed", type=int, required=True, help="of random weights")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    model = read_entry(Model, given.model)
    fetched = read_record(given.fetched)

    def produce() -> Result:
        for wanted in fetched.artifacts.values():
            verified(wanted)
        job = NativeJob(
            exporter=model.exporter,
            options=model.options,
            weights=fetched.facts["weights"],
            fetched=fetched.artifacts,
            seed=given.seed,
            folder=str(given.output.with_suffix("")),
        )
        with machine_shared():
            result = place_of(given.environment).run(
                "retable_export", job, log=given.log, timeout_s=TIMEOUT_S
            )
        if result.outcome == "ok":
            _check_parameters(given.model, model, result)
        kept = {"weights": fetched.facts["weights"], "weights_reason": fetched.facts["reason"]}
        return result.model_copy(update={"facts": {**result.facts, **kept}})

    leave_record(given.output, "native", {"model": model.model}, {"fetched": fetched}, produce)


def _check_parameters(path: Path, model: Model, result: Result) -> None:
    if model.parameters is None:
        return
    low, high = model.parameters
    count = result.facts["parameters"]
    if not low <= count <= high:
        raise RetableError(
            f"{path}: parameters: [{low}, {high}] does not hold: "
            f"exporter {model.exporter} built a network of {count}"
        )
