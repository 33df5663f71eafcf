#!/usr/bin/env bash
# Run what needs a CUDA device, on a machine that has one with torch, onnxruntime-gpu and pycuda.
#   usage: tests/gpu/run.sh [PYTEST OPTIONS]      (from anywhere; PYTHON names the interpreter)
set -euo pipefail
cd "$(dirname "$0")/../.."
exec "${PYTHON:-python3}" -m pytest -m gpu -q "$@" tests/gpu
