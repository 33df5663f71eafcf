"""Run a case's engine on the sample, and keep all that it computes: what fidelity looks at."""

import argparse
from pathlib import Path

from retable.cases import input_shape
from retable.config.budget import ONE_INFERENCE_S
from retable.contract import Result
from retable.environments import enter
from retable.jobs.predict import PredictJob
from retable.places import run_job
from retable.records import leave_record, read_record, verify
from retable.steps.options import add_case, add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    add_case(parser)
    parser.add_argument("--sample", type=Path, required=True, help="record of 'sample'")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    engine, sample = read_record(given.engine), read_record(given.sample)
    environment = read_record(given.environment)

    def produce() -> Result:
        verify(engine, sample)
        case = given.case
        job = PredictJob(
            backend=case["backend"],
            engine=engine.artifacts,
            options=case["options"],
            post=case["post"],
            pictures=sample.artifacts.get("pictures"),
            preparation=given.preparation,
            sample=sample.artifacts["sample"],
            input=input_shape(case["input"]),
            keep="outputs",
            folder=str(given.output.with_suffix("")),
        )
        return run_job(
            enter(environment),
            "retable_runner",
            job,
            log=given.log,
            timeout_s=ONE_INFERENCE_S,
            memory_limit_mib=given.memory_limit_mib,
        )

    subject = {"case": given.case["name"], "block": given.case["block"]}
    upstream = {"build": engine, "sample": sample, "environment": environment}
    leave_record(given.output, "outputs", subject, upstream, produce)
