"""From a framework's weights to ONNX: the steps that run inside the framework environments.

`python -m retable_export JOB.json RESULT.json` reads one job, runs one verb and leaves one result.
The package knows the host by these two files only; it needs Python >= 3.8, numpy and onnx, and,
inside one exporter's file, that exporter's framework.
"""
