"""Engines of real graphs on a real GPU, in the interpreter of the tests; skipped without one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retable.contract import Artifact, InputShape
from retable.files import artifact
from retable.jobs.build import BuildJob
from retable.jobs.export import ExportJob
from retable.jobs.launch import LaunchJob
from retable.jobs.native import NativeJob
from retable.jobs.precision import PrecisionJob
from retable.jobs.reference import ReferenceJob
from retable.jobs.sample import SampleJob
from retable.jobs.tail import TailJob

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
LAUNCH = {
    "warmup": {
        "min_ms": 50.0,
        "min_iterations": 20,
        "slow_ms": 50.0,
        "slow_iterations": 5,
        "max_ms": 1000.0,
    },
    "turn": {"settle_ms": 3.0, "settle_max_ms": 60.0, "min_ms": 20.0, "min_samples": 5},
    "measure": {"min_ms": 200.0, "min_samples": 50, "max_ms": 2000.0, "target": None},
    "conducted": False,
}


@pytest.fixture(scope="session", autouse=True)
def device():
    """What the GPU layer says of the device, in a process that ends as a launch does."""
    code = (
        "import json\n"
        "from retable_runner import cuda\n"
        "with cuda.Gpu() as gpu:\n"
        "    print(json.dumps(gpu.facts))\n"
    )
    done = run(["-c", code])
    if done.returncode or not done.stdout:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        pytest.skip(f"no CUDA device: {reason[0]}")
    return json.loads(done.stdout)


def run(arguments, **kwargs):
    """Run this interpreter on our packages; return the finished process."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": f"{WORKFLOW}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        timeout=300,
        **kwargs,
    )


def result_of(package, folder, job):
    """Run one job of a package to its end; return its result."""
    path, result = folder / "job.json", folder / "result.json"
    result.unlink(missing_ok=True)
    path.write_text(job.model_dump_json(by_alias=True))
    ended = run(["-m", package, str(path), str(result)], cwd=folder)
    assert ended.returncode == 0, f"{ended.returncode}\n{ended.stderr}"
    return json.loads(result.read_text())


def described(path):
    """Describe a file as the contract does."""
    return artifact(Path(path)).model_dump()


class Network:
    """Fast-SCNN with random weights at one input size: graphs, sample, torch's own output."""

    def __init__(self, folder, height, width):
        self.folder = folder
        shape = InputShape(height=height, width=width, batch=1)
        network = {"exporter": "fast_scnn", "options": {"classes": 19}}
        at = {**network, "input": shape}
        self.native = self._made(
            NativeJob(
                **network, weights="random", fetched={}, seed=1, folder=str(folder / "native")
            )
        )
        sample = self._made(SampleJob(**at, seed=1, sample=str(folder / "sample.npz")))["sample"]
        self.sample = sample.model_dump()
        made = self._made(
            ReferenceJob(
                **at,
                native=self.native,
                sample=sample,
                reference=str(folder / "reference.npz"),
            )
        )
        with np.load(made["reference"].path) as arrays:
            self.logits = arrays["logits"]
        graph = str(folder / "none-fp32.onnx")
        exported = self._made(ExportJob(**at, native=self.native, opset=13, onnx=graph))
        self.graphs = {"none-fp32": exported["onnx"]}

    def graph(self, tail, precision):
        """The artifact of a graph, made when it is first asked for."""
        name = f"{tail}-{precision}"
        if name not in self.graphs:
            path = str(self.folder / f"{name}.onnx")
            if precision != "fp32":
                source = self.graph(tail, "fp32")
                job = PrecisionJob(precision=precision, source=source, onnx=path)
            else:
                job = TailJob(tail=tail, source=self.graph("none", "fp32"), onnx=path)
            self.graphs[name] = self._made(job)["onnx"]
        return self.graphs[name]

    def _made(self, job):
        """The artifacts that a job of the network's made, by role."""
        result = result_of("retable_export", self.folder, job)
        assert result["outcome"] == "ok", result["reason"]
        return {role: Artifact(**one) for role, one in result["artifacts"].items()}


class Gpu:
    """Builds, launches and runs engines of one network."""

    described = staticmethod(described)

    def __init__(self, folder, network):
        self.folder = folder
        self.network = network

    def build(self, backend, source, precision="fp32", **options):
        job = BuildJob(
            backend=backend,
            source=source,
            precision=precision,
            options=options,
            folder=str(self.folder / "engine"),
        )
        return result_of("retable_runner", self.folder, job)

    def launch(self, backend, engine, post="none", **options):
        job = LaunchJob(
            backend=backend,
            engine=engine,
            sample=self.network.sample,
            post=post,
            options=options,
            **LAUNCH,
        )
        return result_of("retable_runner", self.folder, job)

    def outputs(self, backend, engine, **options):
        """Run an engine thrice, then both bindings in the pipe; return what came out each time."""
        files = {role: one["path"] for role, one in engine.items()}
        path = self.folder / "outputs.npz"
        done = run(
            [
                *("-c", RUN, backend, json.dumps(files)),
                *(self.network.sample["path"], json.dumps(options), str(path)),
            ]
        )
        assert done.returncode == 0, f"{done.returncode}\n{done.stderr}"
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def followed(self, backend, engine, post):
        """Sample an engine with a post behind it on the GPU; return what the post made."""
        files = json.dumps({role: one["path"] for role, one in engine.items()})
        path = self.folder / "followed.npz"
        done = run(["-c", FOLLOW, backend, files, self.network.sample["path"], post, str(path)])
        assert done.returncode == 0, f"{done.returncode}\n{done.stderr}"
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}


# Load an engine and a post, sample both twice; leave what came to the host.
FOLLOW = """
import json, sys
import numpy as np
from retable_runner import backends, device, device_samplers, launch, posts
backend, files, sample, post, path = sys.argv[1:6]
arguments = (backends.load(backend), json.loads(files), {}, launch.read_sample(sample))
with device.opened(*arguments) as inference:
    inside = inference._gpu, inference._exchange
    follower = device.Follower(*inside, posts.load(post), inference._outputs, inference._feeds)
    sampler = device_samplers.FollowedSampler(*inside, follower)
    for _ in range(2):
        for array in follower.host_outputs:
            array[...] = 0
        sampler.sample()
    found = {"output%d" % at: array.copy() for at, array in enumerate(follower.host_outputs)}
np.savez(path, **found)
"""


# Load an engine, run it, run it in the pipe; leave all outputs.
RUN = """
import json, sys
import numpy as np
from retable_runner import backends, device, launch
backend, files, sample, options, path = sys.argv[1:6]
feeds = launch.read_sample(sample)
found = {}
arguments = (backends.load(backend), json.loads(files), json.loads(options), feeds)
with device.opened(*arguments) as inference:
    for index in range(3):
        found["run%d" % index] = inference.run()[0].copy()
    for sampler in inference.further(None):
        for exchange in inference._exchanges:
            exchange.host_outputs[0][:] = 0
        for _ in range(4):
            sampler.sample()
    inference._gpu.synchronize()
    for index, exchange in enumerate(inference._exchanges):
        found["pipe%d" % index] = exchange.host_outputs[0].copy()
np.savez(path, **found)
"""


@pytest.fixture(scope="session")
def network(device, tmp_path_factory):
    return Network(tmp_path_factory.mktemp("network"), 384, 576)


@pytest.fixture
def gpu(tmp_path, network):
    return Gpu(tmp_path, network)
