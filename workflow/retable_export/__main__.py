"""`python -m retable_export JOB.json RESULT.json`: run one job, leave one result.

Exit status 0 whenever a result was written, whatever its outcome; 2 if the job is none of ours.
"""

import sys

from retable_job import process

# The version of each verb's job.
_JOBS = {
    "native": 1,
    "sample": 2,
    "prepare": 1,
    "reference": 1,
    "export": 1,
    "tail": 1,
    "precision": 2,
    "fidelity": 2,
}
VERBS = {f"retable/{verb}-job/{version}": verb for verb, version in _JOBS.items()}
_VERSIONED = ("numpy", "onnx", "onnxruntime", "torch", "tensorflow", "paddle", "paddle2onnx")

if __name__ == "__main__":
    sys.exit(process.main("retable_export", __doc__, VERBS, _VERSIONED))
