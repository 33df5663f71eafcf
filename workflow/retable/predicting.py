"""Running a case's engine on pictures, or on the sample, for a step that was given `add_case`."""

import argparse
from typing import Literal

from retable.cases import input_shape
from retable.contract import Artifact, Result
from retable.environments import enter
from retable.jobs.predict import PredictJob
from retable.places import run_job
from retable.records import Record


def predicted(
    given: argparse.Namespace,
    engine: Record,
    environment: Record,
    *,
    pictures: Artifact | None,
    sample: Artifact | None,
    keep: Literal["labels", "outputs"] | list[str],
    timeout_s: float,
) -> Result:
    """Run the engine in the device's environment; see `PredictJob` for what it is run on."""
    case = given.case
    job = PredictJob(
        backend=case["backend"],
        engine=engine.artifacts,
        options=case["options"],
        post=case["post"],
        pictures=pictures,
        preparation=given.preparation,
        sample=sample,
        input=input_shape(case["input"]),
        keep=keep,
        folder=str(given.output.with_suffix("")),
    )
    return run_job(
        enter(environment),
        "retable_runner",
        job,
        log=given.log,
        timeout_s=timeout_s,
        memory_limit_mib=given.memory_limit_mib,
    )
