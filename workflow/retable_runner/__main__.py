"""`python -m retable_runner JOB.json RESULT.json`: run one job, write its result.

The exit status is 0 whenever a result was written, whatever its outcome; 2, with one sentence on
stderr, when the job itself is broken: unreadable, of no known schema, or its files changed.
"""

import importlib
import sys

import numpy as np

from retable_runner import contract, outcomes
from retable_runner.errors import JobError

# A verb is a module of this package, imported when it is asked for: the others' sources are not
# those of its step. Beside each, the outcome of an error that has no better name.
VERBS = {
    "retable/probe-job/1": ("probe", "crashed"),
    "retable/build-job/1": ("build", "build_failed"),
    "retable/launch-job/2": ("launch", "crashed"),
    "retable/watch-job/1": ("watch", "crashed"),
    "retable/predict-job/1": ("predict", "crashed"),
}


def main(arguments):
    """Run the job at the first path, write the result to the second; return the exit status."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m retable_runner JOB.json RESULT.json\n")
        return 2
    try:
        job = contract.read_job(arguments[0], VERBS)
        name, failure = VERBS[job["schema"]]
        verb = importlib.import_module("retable_runner." + name)
        contract.check_keys(job, verb.KEYS)
        result = contract.new_result()
        result["versions"].update(python=sys.version.split()[0], numpy=np.__version__)
        outcomes.settle(verb.run, job, result, failure)
        _write(arguments[1], result)
    except JobError as error:
        sys.stderr.write("{}\n".format(error))
        return 2
    return 0


def _write(path, result):
    try:
        contract.write_json(path, result)
    except OSError as error:
        raise JobError("{}: cannot write the result ({})".format(path, error.strerror)) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
