"""The process that takes a job: arguments, the verb's module, the result, the exit status."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retable_job import contract
from retable_job.errors import JobError, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def main(
    package: str, about: str | None, verbs: Mapping[str, str], versioned: Iterable[str]
) -> int:
    """Run the job that the command line names; return the exit status.

    `verbs` maps a job's schema to a module of `package`, whose `run` takes the job and returns
    `artifacts` and `facts`. It is imported when it is asked for: the others' sources are not those
    of its step. `versioned` are the libraries whose versions the result tells.

    Status 0 whenever a result was written, whatever its outcome; 2 if the job is none of ours.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=about)
    parser.add_argument("job", type=Path, help="the job file")
    parser.add_argument("result", type=Path, help="where the result file goes")
    arguments = parser.parse_args()
    try:
        job = contract.read_job(arguments.job)
        verb = verbs.get(job["schema"])
        if verb is None:
            known = ", ".join(verbs)
            raise ValueError(f"{arguments.job}: unknown schema {job['schema']!r}, not of {known}")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    # An earlier result must not pass for this run's, should the process be killed.
    arguments.result.unlink(missing_ok=True)
    run = importlib.import_module(f"{package}.{verb}").run
    contract.write_result(arguments.result, attempt(run, job, versioned))
    return 0


def attempt(
    verb: Callable[[dict[str, Any]], dict[str, Any]], job: dict[str, Any], versioned: Iterable[str]
) -> dict[str, Any]:
    """Run a verb; return the body of the result file, however the verb ends.

    A verb returns `artifacts` and `facts`. What it raises becomes an outcome, and the traceback of
    foreign code goes to the log.
    """
    body: dict[str, Any] = {"outcome": "ok", "reason": None, "artifacts": {}, "facts": {}}
    try:
        body.update(verb(job))
    except Exception as error:
        body["outcome"], body["reason"] = outcome_of(error)
        if not isinstance(error, JobError):
            traceback.print_exc()
        print(f"{body['outcome']}: {body['reason']}", file=sys.stderr)
    return {**body, "versions": versions(versioned), "samples": {}}


def versions(versioned: Iterable[str]) -> dict[str, str]:
    """Return the versions of the interpreter and of those libraries that this run has imported."""
    found = {"python": platform.python_version()}
    for name in versioned:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found
