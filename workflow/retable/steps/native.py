"""Make what the framework itself loads, from the official weights or from a seed."""

import argparse
import json
from pathlib import Path

from retable.contract import Result
from retable.entering import exported
from retable.errors import RetableError
from retable.jobs.native import NativeJob
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_environment, add_network


def arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument(
        "--parameters", type=json.loads, required=True, help="bounds of their number, or null"
    )
    parser.add_argument("--fetched", type=Path, required=True, help="record of 'fetch'")
    parser.add_argument("--seed", type=int, required=True, help="of random weights")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    fetched = read_record(given.fetched)

    def produce() -> Result:
        verify(fetched)
        job = NativeJob(
            exporter=given.exporter,
            options=given.options,
            weights="random" if fetched.facts["weights"] == "random" else "official",
            fetched=fetched.artifacts,
            seed=given.seed,
            folder=str(given.output.with_suffix("")),
        )
        result = exported(given, job)
        if result.outcome == "ok":
            _check_parameters(given, result.facts["parameters"])
        kept = {
            "weights": fetched.facts["weights"],
            "weights_reason": fetched.facts["reason"],
            "trained_on": fetched.facts.get("trained_on"),
        }
        return result.model_copy(update={"facts": {**result.facts, **kept}})

    leave_record(given.output, "native", {"model": given.model}, {"fetched": fetched}, produce)


def _check_parameters(given: argparse.Namespace, count: int) -> None:
    if given.parameters is None:
        return
    low, high = given.parameters
    if not low <= count <= high:
        raise RetableError(
            f"config/models/{given.model}.yaml: parameters: [{low}, {high}] does not hold: "
            f"exporter {given.exporter} built a network of {count}"
        )
