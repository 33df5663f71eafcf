"""Engines of retable on the CPU which also tell the library's own time of each inference.

OpenVINO takes it around `infer` of the C++ request, within the binding, in nanoseconds, always:
`InferRequest.latency` (src/bindings/python/src/pyopenvino/core/infer_request.cpp). ONNX Runtime
takes it around `InferenceSession::Run` only where a session is profiled, in whole microseconds: the
events `model_run` of the profile, one an inference.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import numpy as np

from retable_runner import backends, host

LIBRARIES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}  # by backend
SEED = 20211

Files = Mapping[str, str]  # of an engine, by role
Feeds = Mapping[str, np.ndarray]


class Figures:
    """The library's own time of each inference that was noted, in order: `seconds`."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds: list[float] = []

    def note(self) -> None:
        """Note the inference that has just been made."""
        self.count += 1


class RequestFigures(Figures):
    """Those of one of OpenVINO's requests, known at once."""

    def __init__(self, request) -> None:
        super().__init__()
        self._request = request

    def note(self) -> None:
        super().note()
        self.seconds.append(self._request.latency / 1e3)


class Sampled:
    """An engine as a launch has it, warm: `engine` is the backend's, `own` the library's Figures.

    ONNX Runtime's are known of engines that are `opened`, when the block has ended.
    """

    def __init__(self, backend: str, files: Files, threads: int, feeds: Feeds) -> None:
        self.engine = backends.load(backend).load(files, {"threads": threads})
        self.engine.bind(feeds)
        request = getattr(self.engine, "_request", None)
        self.own = RequestFigures(request) if request else Figures()
        inference = host.Inference(self.engine, {}, {})
        self._run = inference.run
        self.bare()
        # Now: the library has started its threads, which are counted.
        self._sample = inference.counted(inference.sampler(None)).sample

    def sample(self) -> float:
        """Make one inference; return its latency_sync in seconds."""
        latency, *_ = self._sample()
        self.own.note()
        return latency

    def bare(self) -> None:
        """Make one inference, which nobody times."""
        self._run()
        self.own.note()


@contextlib.contextmanager
def opened(backend: str, files: Files, threads: int, feeds: Feeds) -> Iterator[Sampled]:
    """Load an engine that tells the library's own times, and yield it."""
    if backend != "onnxruntime":
        yield Sampled(backend, files, threads, feeds)
        return
    with tempfile.TemporaryDirectory() as folder:
        with _profiled(Path(folder)):
            sampled = Sampled(backend, files, threads, feeds)
        yield sampled
        sampled.own.seconds += model_runs(Path(sampled.engine._session.end_profiling()))
    if len(sampled.own.seconds) != sampled.own.count:
        raise SystemExit(
            f"benchmarks: ONNX Runtime's profile has {len(sampled.own.seconds)} inferences of "
            f"{sampled.own.count}: it ends with the millionth event"
        )


@contextlib.contextmanager
def _profiled(folder: Path) -> Iterator[None]:
    """Let the sessions that retable's backend opens meanwhile write a profile to the folder."""
    backend = backends.load("onnxruntime")
    plain = backend._session_options

    def with_profile(*arguments):
        options = plain(*arguments)
        options.enable_profiling = True
        options.profile_file_prefix = str(folder / "profile")
        return options

    with mock.patch.object(backend, "_session_options", with_profile):
        yield


def model_runs(profile: Path) -> list[float]:
    """Read a session's profile; return the seconds of each run, in order."""
    events = json.loads(profile.read_text(encoding="utf-8"))
    runs = [event for event in events if event["name"] == "model_run"]
    return [run["dur"] / 1e6 for run in sorted(runs, key=lambda run: run["ts"])]


def built(backend: str, graph: Path, threads: int, folder: Path) -> dict[str, str]:
    """Build an FP32 engine of a graph in a new folder, as retable does; return its files."""
    made = tempfile.mkdtemp(dir=folder)
    files, _ = backends.load(backend).build(
        {"onnx": str(graph)}, "fp32", {"threads": threads}, made
    )
    return files


def feeds_of(graph: Path) -> dict[str, np.ndarray]:
    """Return random inputs of a graph, all float32, from 0 to 1."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    chance = np.random.default_rng(SEED)
    return {one.name: chance.random(one.shape, np.float32) for one in session.get_inputs()}
