"""Running the package as the host does: a job file in, a result file out, in an interpreter."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retable import contract
from retable.contract import Result
from retable.jobs.export import ExportJob
from retable.jobs.fidelity import FidelityJob
from retable.jobs.native import NativeJob
from retable.jobs.reference import ReferenceJob
from retable.jobs.sample import SampleJob
from retable.jobs.tail import TailJob

ROOT = Path(__file__).parents[2]
OPTIONS = {"classes": 19}
TAILS = (
    *("argmax", "fused_argmax", "reducemax", "fused_reducemax"),
    *("interpolate_softmax", "interpolate_softmax_max"),
)


def launch(
    folder: Path, job: str, python: Path | str = sys.executable
) -> tuple[Path, subprocess.CompletedProcess]:
    """Run one job (its file's text) in a process; return the result's path and the process."""
    job_path, result_path = folder / "job.json", folder / "result.json"
    job_path.write_text(job)
    done = subprocess.run(
        [str(python), "-m", "retable_export", str(job_path), str(result_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    return result_path, done


class Chain:
    """All steps of one exporter, from native to fidelity, in one folder."""

    def __init__(
        self,
        folder: Path,
        exporter: str,
        python: Path | str = sys.executable,
        options: dict | None = None,
    ) -> None:
        self.folder = folder
        self.exporter = exporter
        self.python = python
        self.options = OPTIONS if options is None else options
        self.log = ""

    def run(self, job: contract.Message) -> Result:
        path, done = launch(self.folder, job.model_dump_json(by_alias=True), self.python)
        self.log = done.stderr
        assert done.returncode == 0, done.stderr
        return Result.model_validate_json(path.read_text())

    def native(self, weights: str = "random", fetched: dict | None = None, seed: int = 0) -> Result:
        return self.run(
            NativeJob(
                exporter=self.exporter,
                options=self.options,
                weights=weights,
                fetched=fetched or {},
                seed=seed,
                folder=str(self.folder / "native"),
            )
        )

    def export(self, native: dict, height: int, width: int, batch: int = 1) -> Result:
        return self.run(
            ExportJob(
                exporter=self.exporter,
                options=self.options,
                native=native,
                input=contract.InputShape(height=height, width=width, batch=batch),
                opset=13,
                onnx=str(self.folder / "none" / "fp32.onnx"),
            )
        )

    def tail(self, tail: str, source: contract.Artifact) -> Result:
        return self.run(
            TailJob(tail=tail, source=source, onnx=str(self.folder / tail / "fp32.onnx"))
        )

    def sample(self, height: int, width: int, batch: int = 1, seed: int = 0) -> Result:
        return self.run(
            SampleJob(
                exporter=self.exporter,
                options=self.options,
                input=contract.InputShape(height=height, width=width, batch=batch),
                seed=seed,
                sample=str(self.folder / "sample.npz"),
            )
        )

    def reference(
        self, native: dict, sample: Result, height: int, width: int, batch: int = 1
    ) -> Result:
        return self.run(
            ReferenceJob(
                exporter=self.exporter,
                options=self.options,
                native=native,
                input=contract.InputShape(height=height, width=width, batch=batch),
                sample=sample.artifacts["sample"],
                reference=str(self.folder / "reference.npz"),
            )
        )

    def fidelity(self, tail: str, graph: contract.Artifact, results: dict) -> Result:
        """Compare a graph with the reference among `results`, by its tail."""
        return self.run(
            FidelityJob(
                tail=tail,
                graph=graph,
                plain=results["none"].artifacts["onnx"],
                sample=results["sample"].artifacts["sample"],
                reference=results["reference"].artifacts["reference"],
            )
        )

    def everything(
        self,
        height: int,
        width: int,
        native: Result | None = None,
        tails: tuple[str, ...] = TAILS,
    ) -> dict:
        """Run all steps; return the results by step, graph and `fidelity/{tail}`."""
        results = {"native": native or self.native(), "sample": self.sample(height, width)}
        weights = results["native"].artifacts
        results["reference"] = self.reference(weights, results["sample"], height, width)
        results["none"] = self.export(weights, height, width)
        source = results["none"].artifacts["onnx"]
        results.update({tail: self.tail(tail, source) for tail in tails})
        for tail in ("none", *tails):
            graph = results[tail].artifacts["onnx"]
            results[f"fidelity/{tail}"] = self.fidelity(tail, graph, results)
        return results


@pytest.fixture(scope="session")
def chain_in():
    """The class itself: a test file cannot import from this one by a name of its own."""
    return Chain


@pytest.fixture(scope="session")
def described_file():
    """What the contract says of a file."""

    def described(path: Path) -> contract.Artifact:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return contract.Artifact(path=str(path), sha256=digest, bytes=len(content))

    return described


@pytest.fixture(scope="session")
def launched():
    return launch


@pytest.fixture(scope="session")
def packages() -> dict[str, str]:
    """The surroundings of a process that imports our packages without installing them."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}


@pytest.fixture(scope="session")
def null_results(tmp_path_factory) -> dict:
    return Chain(tmp_path_factory.mktemp("null"), "null").everything(64, 96)


@pytest.fixture(scope="session")
def torch_python() -> str:
    """An interpreter with torch, onnx and ONNX Runtime: named, built by the workflow, or this."""
    named = os.environ.get("RETABLE_TORCH_PYTHON")
    if named:
        return named
    built = ROOT / "results" / "environments" / "venv" / "torch" / "bin" / "python"
    if built.is_file():
        return str(built)
    if importlib.util.find_spec("torch") and importlib.util.find_spec("onnxruntime"):
        return sys.executable
    pytest.skip("no torch environment: set RETABLE_TORCH_PYTHON, or run the workflow once")


@pytest.fixture(scope="session")
def paddle_python() -> str:
    """An interpreter with Paddle, PaddleSeg and PaddleDetection."""
    named = os.environ.get("RETABLE_PADDLE_PYTHON")
    if not named:
        pytest.skip("RETABLE_PADDLE_PYTHON names no interpreter with paddle")
    return named
