"""Pictures, labels and metrics: the steps that run inside the environment `data`.

`python -m retable_data JOB.json RESULT.json` reads one job, runs one verb and leaves one result.
The package knows the host by these two files only, and no network at all. It needs Python >= 3.11,
numpy, pillow and, in `coco_evaluation.py`, the COCO evaluators.
"""
