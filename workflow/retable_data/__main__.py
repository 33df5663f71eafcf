"""`python -m retable_data JOB.json RESULT.json`: run one job, leave one result.

Exit status 0 whenever a result was written, whatever its outcome; 2 if the job is none of ours.
"""

import sys

from retable_job import process

VERBS = {f"retable/{verb}-job/1": verb for verb in ("dataset", "inputs", "score")}
_VERSIONED = ("numpy", "PIL", "faster_coco_eval", "pycocotools")

if __name__ == "__main__":
    sys.exit(process.main("retable_data", __doc__, VERBS, _VERSIONED))
