"""Running the package as the host does: a job file in, a result file out, in an interpreter."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"


def described(path: Path) -> dict[str, Any]:
    """A file as an artifact of a job."""
    content = path.read_bytes()
    return {
        "path": str(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


class Data:
    """The verbs of the package, each in a process of its own, files in one folder."""

    def __init__(self, folder: Path, python: Path | str = sys.executable) -> None:
        self.folder = folder
        self.python = python
        self.log = ""

    def run(self, verb: str, **body: Any) -> dict[str, Any]:
        """Run a job; return the result, whatever its outcome."""
        job, result = self.folder / "job.json", self.folder / "result.json"
        job.write_text(json.dumps({"schema": f"retable/{verb}-job/1", **body}))
        done = subprocess.run(
            [str(self.python), "-m", "retable_data", str(job), str(result)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
            capture_output=True,
            text=True,
        )
        self.log = done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(result.read_text())

    def python_prints(self, code: str, *arguments: Any) -> str:
        """Run code in the interpreter; return what it prints."""
        done = subprocess.run(
            [str(self.python), "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def dataset(self, name: str, split: str = "val", images: int | None = None, **options: Any):
        return self.run(
            "dataset",
            set=name,
            options=options,
            fetched={},
            split=split,
            images=images,
            folder=str(self.folder / name / split),
        )

    def inputs(self, index: dict, geometry: str, height: int, width: int, **options: Any):
        return self.run(
            "inputs",
            index=index,
            geometry=geometry,
            options=options,
            input={"height": height, "width": width, "batch": 1},
            pictures=str(self.folder / "inputs" / f"{geometry}-{height}x{width}.npy"),
        )

    def score(self, metric: str, index: dict, placements: dict, arrays: dict, **options: Any):
        predictions = {}
        for name, array in arrays.items():
            path = self.folder / f"{name}.npy"
            np.save(path, array)
            predictions[name] = described(path)
        return self.run(
            "score",
            metric=metric,
            options=options,
            index=index,
            placements=placements,
            predictions=predictions,
        )


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """The package in this interpreter."""
    return Data(tmp_path)


@pytest.fixture(scope="session")
def data_python() -> str:
    """An interpreter with the COCO evaluators: named, built by the workflow, or this."""
    named = os.environ.get("RETABLE_DATA_PYTHON")
    if named:
        return named
    built = ROOT / "results" / "environments" / "venv" / "data" / "bin" / "python"
    if built.is_file():
        return str(built)
    if importlib.util.find_spec("faster_coco_eval") and importlib.util.find_spec("pycocotools"):
        return sys.executable
    pytest.skip("no data environment: set RETABLE_DATA_PYTHON, or run the workflow once")


@pytest.fixture
def real_data(tmp_path: Path, data_python: str) -> Data:
    """The package in the environment `data`."""
    return Data(tmp_path, data_python)


@pytest.fixture(scope="session")
def artifact_of():
    """The function itself: a test file cannot import from this one by a name of its own."""
    return described


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference material beside the checkout; skip where it is not there."""
    if not REFERENCE.is_dir():
        pytest.skip("no ../shared/reference beside this checkout")
    return REFERENCE
