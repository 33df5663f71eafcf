"""`python -m retable_export JOB.json RESULT.json`: run one job, leave one result.

Exit status 0 whenever a result was written, whatever its outcome; 2 if the job is none of ours.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import platform
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retable_export import contract
from retable_export.errors import JobError, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable

# A verb is a module of this package, imported when it is asked for: the others' sources are not
# those of its step.
_JOBS = {
    "native": 1,
    "sample": 1,
    "reference": 1,
    "export": 1,
    "tail": 1,
    "precision": 2,
    "fidelity": 1,
}
VERBS = {f"retable/{verb}-job/{version}": verb for verb, version in _JOBS.items()}
_VERSIONED = ("numpy", "onnx", "onnxruntime", "torch", "tensorflow", "paddle", "paddle2onnx")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> int:
    """Read the arguments, run the job's verb, write the result; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m retable_export", description=__doc__)
    parser.add_argument("job", type=Path, help="the job file")
    parser.add_argument("result", type=Path, help="where the result file goes")
    arguments = parser.parse_args()
    die_with_parent()
    try:
        job = contract.read_job(arguments.job)
        verb = VERBS.get(job["schema"])
        if verb is None:
            known = ", ".join(VERBS)
            raise ValueError(f"{arguments.job}: unknown schema {job['schema']!r}, not of {known}")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    # An earlier result must not pass for this run's, should the process be killed.
    arguments.result.unlink(missing_ok=True)
    run = importlib.import_module(f"retable_export.{verb}").run
    contract.write_result(arguments.result, attempt(run, job))
    return 0


def attempt(verb: Callable[[dict[str, Any]], dict[str, Any]], job: dict[str, Any]) -> dict:
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
    return {**body, "versions": versions(), "samples": {}}


def versions() -> dict[str, str]:
    """Return the versions of the interpreter and of the libraries that this run has imported."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found


def die_with_parent() -> None:
    """Have Linux kill this process when the one that started it dies; elsewhere, do nothing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
