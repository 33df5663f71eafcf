"""Jobs for the runner, run as the host runs them: a real process, a job file, a result file."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
QUICK = {
    "warmup": {
        "min_ms": 5.0,
        "min_iterations": 5,
        "slow_ms": 50.0,
        "slow_iterations": 2,
        "max_ms": 60.0,
    },
    "turn": {"settle_ms": 1.0, "settle_max_ms": 5.0, "min_ms": 2.0, "min_samples": 2},
    "measure": {"min_ms": 5.0, "min_samples": 10, "max_ms": 2000.0, "target": None},
    "conducted": False,
}


def describe(path):
    """Describe a file as the contract does."""
    content = Path(path).read_bytes()
    return {
        "path": str(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


@pytest.fixture(scope="session")
def described():
    """The function itself: a test file cannot import from this one by a name of its own."""
    return describe


@pytest.fixture(scope="session")
def quick():
    """How a launch job that ends soon is measured."""
    return QUICK


class Runner:
    """Runs jobs with one interpreter in one folder."""

    def __init__(self, folder, python=sys.executable):
        self.folder = Path(folder)
        self.python = python
        self.environment = {**os.environ, "PYTHONPATH": str(WORKFLOW), "TMPDIR": str(folder)}
        self.result_path = self.folder / "result.json"

    def command(self, job):
        """Write the job; return the command that runs it."""
        path = self.folder / "job.json"
        path.write_text(job if isinstance(job, str) else json.dumps(job))
        return [self.python, "-m", "retable_runner", str(path), str(self.result_path)]

    def process(self, job, **kwargs):
        """Run a job to its end; return the finished process."""
        self.result_path.unlink(missing_ok=True)
        return subprocess.run(
            self.command(job),
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            **kwargs,
        )

    def result(self, job, **kwargs):
        """Run a job whose process must end well; return its result."""
        done = self.process(job, **kwargs)
        assert done.returncode == 0, done.stderr
        return json.loads(self.result_path.read_text())

    def build_job(self, backend, onnx, precision="fp32", **options):
        """Make a build job."""
        return {
            "schema": "retable/build-job/1",
            "backend": backend,
            "source": {"onnx": describe(onnx)},
            "precision": precision,
            "options": options,
            "folder": str(self.folder / "engine"),
        }

    def launch_job(self, backend, engine, sample, post="none", **options):
        """Make a launch job that ends soon."""
        return {
            "schema": "retable/launch-job/2",
            "backend": backend,
            "engine": engine,
            "sample": describe(sample),
            "post": post,
            "options": options,
            **QUICK,
        }


@pytest.fixture
def runner(tmp_path):
    """The runner in the interpreter of the tests, which has none of the backends' libraries."""
    return Runner(tmp_path)


@pytest.fixture
def cpu_python():
    """The interpreter of an environment with ONNX Runtime and OpenVINO."""
    python = os.environ.get("RETABLE_CPU_PYTHON")
    if not python:
        pytest.skip("RETABLE_CPU_PYTHON names no interpreter with onnxruntime and openvino")
    return python


@pytest.fixture
def cpu_runner(tmp_path, cpu_python):
    """The runner in the CPU environment."""
    return Runner(tmp_path, cpu_python)


@pytest.fixture
def rtx_python():
    """The interpreter of an environment with TensorRT-RTX, which needs no GPU to build engines."""
    python = os.environ.get("RETABLE_TENSORRT_RTX_PYTHON")
    if not python:
        pytest.skip("RETABLE_TENSORRT_RTX_PYTHON names no interpreter with tensorrt_rtx")
    return python


@pytest.fixture
def rtx_runner(tmp_path, rtx_python):
    """The runner in the environment of TensorRT-RTX."""
    return Runner(tmp_path, rtx_python)


@pytest.fixture(scope="session")
def paddle_python():
    """The interpreter of an environment with Paddle."""
    python = os.environ.get("RETABLE_PADDLE_PYTHON")
    if not python:
        pytest.skip("RETABLE_PADDLE_PYTHON names no interpreter with paddle")
    return python


@pytest.fixture
def paddle_runner(tmp_path, paddle_python):
    """The runner in the environment of Paddle."""
    return Runner(tmp_path, paddle_python)


@pytest.fixture
def sample(tmp_path):
    """A sample input: an .npz with one array."""
    path = tmp_path / "sample.npz"
    np.savez(path, x=np.zeros((1, 3, 8, 8), np.float32))
    return path


@pytest.fixture
def null_onnx(tmp_path):
    """Something for the null backend to name: it reads no ONNX."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not read")
    return path


@pytest.fixture
def null_engine(runner, null_onnx):
    """The artifacts of an engine of the null backend."""
    return runner.result(runner.build_job("null", null_onnx))["artifacts"]
