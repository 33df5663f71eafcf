"""Engines of real graphs on a real GPU, in the interpreter of the tests; skipped without one."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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


def job(package, folder, body):
    """Run one job of a package to its end; return its result."""
    path, result = folder / "job.json", folder / "result.json"
    result.unlink(missing_ok=True)
    path.write_text(json.dumps(body))
    done = run(["-m", package, str(path), str(result)], cwd=folder)
    assert done.returncode == 0, f"{done.returncode}\n{done.stderr}"
    return json.loads(result.read_text())


def described(path):
    """Describe a file as the contract does."""
    content = Path(path).read_bytes()
    return {
        "path": str(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


class Network:
    """Fast-SCNN with random weights at one input size: graphs, sample, torch's own output."""

    def __init__(self, folder, height, width):
        self.folder = folder
        self.shape = {"height": height, "width": width, "batch": 1}
        self.network = {"exporter": "fast_scnn", "options": {"classes": 19}}
        self.native = self._make(
            "native", weights="random", fetched={}, seed=1, folder=str(folder / "native")
        )["artifacts"]
        sample = self._make("sample", input=self.shape, seed=1, sample=str(folder / "sample.npz"))
        self.sample = sample["artifacts"]["sample"]
        made = self._make(
            "reference",
            native=self.native,
            input=self.shape,
            sample=self.sample,
            reference=str(folder / "reference.npz"),
        )
        with np.load(made["artifacts"]["reference"]["path"]) as arrays:
            self.logits = arrays["logits"]
        exported = self._make(
            "export",
            native=self.native,
            input=self.shape,
            opset=13,
            onnx=str(folder / "none-fp32.onnx"),
        )
        self.graphs = {"none-fp32": exported["artifacts"]["onnx"]}

    def graph(self, tail, precision):
        """The artifact of a graph, made when it is first asked for."""
        name = f"{tail}-{precision}"
        if name not in self.graphs:
            path = str(self.folder / f"{name}.onnx")
            if precision != "fp32":
                source = self.graph(tail, "fp32")
                made = self._make("precision", precision=precision, source=source, onnx=path)
            else:
                made = self._make("tail", tail=tail, source=self.graph("none", "fp32"), onnx=path)
            self.graphs[name] = made["artifacts"]["onnx"]
        return self.graphs[name]

    def _make(self, verb, **body):
        made = job(
            "retable_export",
            self.folder,
            {"schema": f"retable/{verb}-job/1", **self.network, **body},
        )
        assert made["outcome"] == "ok", made["reason"]
        return made


class Gpu:
    """Builds, launches and runs engines of one network."""

    described = staticmethod(described)

    def __init__(self, folder, network):
        self.folder = folder
        self.network = network

    def build(self, backend, source, precision="fp32", **options):
        return job(
            "retable_runner",
            self.folder,
            {
                "schema": "retable/build-job/1",
                "backend": backend,
                "source": source,
                "precision": precision,
                "options": options,
                "folder": str(self.folder / "engine"),
            },
        )

    def launch(self, backend, engine, post="none", **options):
        return job(
            "retable_runner",
            self.folder,
            {
                "schema": "retable/launch-job/2",
                "backend": backend,
                "engine": engine,
                "sample": self.network.sample,
                "post": post,
                "options": options,
                **LAUNCH,
            },
        )

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
from retable_runner import backends, device, launch, posts
backend, files, sample, post, path = sys.argv[1:6]
arguments = (backends.load(backend), json.loads(files), {}, launch.read_sample(sample))
with device.opened(*arguments) as inference:
    inside = inference._gpu, inference._exchange
    follower = device.Follower(*inside, posts.load(post), inference._outputs, inference._feeds)
    sampler = device.FollowedSampler(*inside, follower)
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
        for exchange in sampler._exchanges:
            exchange.host_outputs[0][:] = 0
        for _ in range(4):
            sampler.sample()
    inference._gpu._context.synchronize()
    for index, exchange in enumerate(sampler._exchanges):
        found["pipe%d" % index] = exchange.host_outputs[0].copy()
np.savez(path, **found)
"""


@pytest.fixture(scope="session")
def network(device, tmp_path_factory):
    return Network(tmp_path_factory.mktemp("network"), 384, 576)


@pytest.fixture
def gpu(tmp_path, network):
    return Gpu(tmp_path, network)
