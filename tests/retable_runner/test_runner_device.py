"""Timing on a device, with a GPU that is a list: what is asked of it, in which order, and the sums.

What a real one answers is tested in tests/gpu.
"""

import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from retable_runner import (
    backends,
    conversation,
    cuda,
    device,
    device_samplers,
    launch,
    posts,
    torch_posts,
)
from retable_runner.backends import onnxruntime_cuda
from retable_runner.errors import Unsupported

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
COST_MS = {"send": 0.25, "compute": 2.0, "receive": 0.5}


class Event:
    def __init__(self, gpu):
        self.gpu = gpu
        self.at = None

    def record(self, stream):
        self.at = stream.now
        self.gpu.calls.append(("record", stream.name))

    def synchronize(self):
        self.gpu.calls.append(("wait", None))

    def time_till(self, other):
        return other.at - self.at


class Stream:
    """A stream with a clock of its own, in ms: work on it takes COST_MS."""

    def __init__(self, gpu, name):
        self.gpu = gpu
        self.name = name
        self.now = 0.0
        self.handle = 1234

    def work(self, kind):
        self.now += COST_MS[kind]
        self.gpu.calls.append((kind, self.name))

    def synchronize(self):
        self.gpu.calls.append(("synchronize", self.name))

    def wait_for_event(self, event):
        self.now = max(self.now, event.at)


class Gpu:
    """The interface of cuda.Gpu on arrays: an address is the number of a block."""

    facts = {"name": "a list"}

    def __init__(self):
        self.calls = []
        self.blocks = []
        self.streams = 0
        self.stream = self.new_stream()
        self.handle = self.stream.handle

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.calls.append(("left", None))

    def synchronize(self):
        self.calls.append(("all done", None))

    def new_stream(self):
        self.streams += 1
        return Stream(self, self.streams - 1)

    def event(self):
        return Event(self)

    def pinned(self, shape, dtype):
        return np.empty(shape, dtype)

    def allocate(self, size_bytes):
        self.blocks.append(np.zeros(size_bytes, np.uint8))
        return len(self.blocks) - 1

    def send(self, address, array, stream):
        self.blocks[address][:] = array.reshape(-1).view(np.uint8)
        stream.work("send")

    def receive(self, array, address, stream):
        array.reshape(-1).view(np.uint8)[:] = self.blocks[address]
        stream.work("receive")


class Doubling:
    """An engine whose output is twice its input; it takes `bindings` of them."""

    MEMORY = device

    def __init__(self, bindings=2):
        self.bindings = bindings
        self.facts = {"threads": 1, "device": "a list"}

    def load(self, files, options, gpu):
        self.gpu = gpu
        return self

    def ports(self, feeds):
        port = cuda.Port("x", np.dtype(np.float32), (2, 3))
        return [port], [port._replace(name="y")]

    def attach(self, inputs):
        if not self.bindings:
            raise Unsupported("bound already")
        self.bindings -= 1
        output = self.gpu.allocate(24)

        def enqueue():
            self.gpu.blocks[output].view(np.float32)[:] = (
                self.gpu.blocks[inputs[0]].view(np.float32) * 2
            )
            self.gpu.stream.work("compute")
            return [output]

        return enqueue


FEEDS = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}


@pytest.fixture
def gpu(monkeypatch):
    made = Gpu()
    monkeypatch.setattr(cuda, "Gpu", lambda: made)
    return made


def test_an_inference_goes_there_and_back(gpu):
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        assert inference.outputs == ["y"]
        (output,) = inference.run()
        np.testing.assert_array_equal(output, FEEDS["x"] * 2)
        assert inference.facts["gpu"] == {"name": "a list"}
        assert gpu.calls == [("send", 0), ("compute", 0), ("receive", 0), ("synchronize", 0)]
    assert gpu.calls[-1] == ("left", None)


class Mortal(Doubling):
    """A backend whose engines tell when they go."""

    versions = dict
    shares_first_call = False

    def load(self, files, options, gpu):
        engine = type(self)(self.bindings)
        engine.gpu = gpu
        weakref.finalize(engine, gpu.calls.append, ("engine gone", None))
        return engine

    def attach(self, inputs):
        enqueue = super().attach(inputs)
        return lambda: enqueue() if self else None  # holds the engine, as a binding does


GONE = [("all done", None), ("engine gone", None), ("left", None)]


def test_an_engine_goes_while_its_gpu_is_there(gpu):
    with device.opened(Mortal(), {}, {}, FEEDS) as inference:
        inference.run()
        sampler = inference.sampler(None)
    assert gpu.calls[-3:] == GONE
    assert inference.outputs == ["y"]
    assert sampler.sample is not None  # it is still held, and holds no engine


def test_an_engine_that_fails_goes_while_its_gpu_is_there(gpu):
    def broken(inference):
        held = inference._engine.attach([0])  # as what is under way holds it
        assert held
        raise Unsupported("broken")

    with (
        pytest.raises(Unsupported, match="broken"),
        device.opened(Mortal(), {}, {}, FEEDS) as inference,
    ):
        broken(inference)
    assert gpu.calls[-3:] == GONE


def test_the_context_is_left_when_an_engine_cannot_be_bound(gpu):
    with pytest.raises(Unsupported), device.opened(Mortal(0), {}, {}, FEEDS):
        pass
    assert gpu.calls == GONE[1:]


class Talk:
    """A session's side of a launch: asks for one turn, notes what was done till each word."""

    def __init__(self, gpu):
        self.gpu = gpu
        self.computed = {}

    def say(self, **reply):
        self.computed.update(dict.fromkeys(reply, self.gpu.calls.count(("compute", 0))))

    def hear(self):
        words = {"loaded": conversation.WARM, "ready": conversation.TURN}
        return words.get(list(self.computed)[-1], conversation.FINISH)


def launched(engine, talk, monkeypatch, sample, quick):
    """Launch in this process, with a session that says what `talk` says."""
    monkeypatch.setattr(backends, "load", lambda name: engine)
    monkeypatch.setattr(conversation, "opened", lambda conducted: talk)
    job = {"backend": "doubling", "engine": {}, "sample": sample, "post": "none", "options": {}}
    result = {"versions": {}, "facts": {}}
    launch.run({**job, **quick, "conducted": True}, result)
    return result


@pytest.fixture
def sample(tmp_path, described):
    np.savez(tmp_path / "sample.npz", **FEEDS)
    return described(tmp_path / "sample.npz")


@pytest.mark.parametrize(("shares", "called_till_loaded"), [(True, 1), (False, 0)])
def test_a_first_call_that_chooses_nothing_by_time_belongs_to_loading(
    gpu, monkeypatch, sample, quick, shares, called_till_loaded
):
    monkeypatch.setattr(Mortal, "shares_first_call", shares)
    talk = Talk(gpu)
    result = launched(Mortal(), talk, monkeypatch, sample, quick)
    assert talk.computed["loaded"] == called_till_loaded
    assert talk.computed["ready"] > 1
    assert result["facts"]["first_call_ms"] > 0
    assert result["facts"]["first_call_in_loading"] == shares
    assert len(result["samples"]["latency_sync"]) >= 10


@pytest.mark.parametrize(("bindings", "has_pipe"), [(2, True), (1, False)])
def test_a_launch_lets_its_engine_go_while_its_gpu_is_there(
    gpu, monkeypatch, sample, quick, bindings, has_pipe
):
    talk = Talk(gpu)
    result = launched(Mortal(bindings), talk, monkeypatch, sample, quick)
    assert ("latency_pipe" in result["samples"]) == has_pipe
    assert talk.computed["finished"] == gpu.calls.count(("compute", 0))  # nothing is timed later
    assert {"latency_run", "latency_run_d2h"} < set(result["samples"])
    assert gpu.calls[-3:] == GONE


@pytest.mark.parametrize(
    ("search", "tries"),
    [(None, True), ("", True), ("exhaustive", True), ("heuristic", False), ("default", False)],
)
def test_onnxruntime_may_try_all_algorithms_in_a_first_inference(search, tries):
    assert onnxruntime_cuda.may_try_all({"conv_search": search}) == tries
    assert onnxruntime_cuda.may_try_all({})


def test_events_stand_between_the_parts_and_the_wait_is_last(gpu):
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        sampler = inference.sampler(None)
        sampler.sample()
    mark = ("record", 0)
    assert gpu.calls[:-2] == [
        *(mark, ("send", 0), mark, ("compute", 0), mark, ("receive", 0), mark),
        ("synchronize", 0),
    ]


def test_the_fields_are_differences_of_events_and_their_sum(gpu):
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        sampler = inference.sampler(None)
        row = dict(zip(sampler.fields, sampler.sample(), strict=True))
    assert {name: row[name] * 1e3 for name in ("h2d", "gpu_compute", "d2h", "latency_sum")} == {
        "h2d": pytest.approx(0.25),
        "gpu_compute": pytest.approx(2.0),
        "d2h": pytest.approx(0.5),
        "latency_sum": pytest.approx(2.75),
    }
    assert row["latency_sync"] > 0
    assert sampler.fields[0] == "latency_sync"  # what warm-up judges by


def test_a_post_sees_the_host_outputs_and_is_timed_by_itself(gpu):
    seen = []
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        post = SimpleNamespace(WHERE=posts.HOST, run=lambda outputs: seen.append(outputs[0].copy()))
        sampler = inference.sampler(post)
        row = sampler.sample()
        assert inference.further(print) == []
    np.testing.assert_array_equal(seen[0], FEEDS["x"] * 2)
    assert len(row) == len(sampler.fields) == 6
    assert sampler.fields[-1] == "host_post"


class Halving:
    """A post on the list's memory, in the place of torch's on a GPU: the first three, halved."""

    facts = {"on": "device"}

    def __init__(self, post, gpu, ports, addresses, feeds):
        assert [port.name for port in ports] == ["y"]
        self.gpu = gpu
        self.output = gpu.allocate(12)
        self.outputs = [cuda.Port("post0", np.dtype(np.float32), (3,))]

    def enqueue(self, addresses):
        found = self.gpu.blocks[addresses[0]].view(np.float32)[:3] / 2
        self.gpu.blocks[self.output].view(np.float32)[:] = found
        self.gpu.stream.work("post")
        return [self.output]


def test_a_post_in_torch_stands_behind_the_engine_and_alone_goes_to_the_host(gpu, monkeypatch):
    monkeypatch.setattr(torch_posts, "OnDevice", Halving)
    monkeypatch.setitem(COST_MS, "post", 0.75)
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        sampler = inference.sampler(SimpleNamespace(WHERE=posts.ENGINE))
        gpu.calls.clear()
        row = dict(zip(sampler.fields, sampler.sample(), strict=True))
        assert inference.facts["post"] == {"on": "device"}
    mark = ("record", 0)
    assert gpu.calls[:-2] == [
        *(mark, ("send", 0), mark, ("compute", 0), mark, ("post", 0), mark, ("receive", 0), mark),
        ("synchronize", 0),
    ]
    parts = {"h2d": 0.25, "gpu_compute": 2.0, "post": 0.75, "d2h": 0.5}
    assert {name: row[name] * 1e3 for name in parts} == pytest.approx(parts)
    assert row["latency_sum"] * 1e3 == pytest.approx(3.5)
    assert sampler.fields[0] == "latency_sync"  # what warm-up judges by


def test_a_posts_own_outputs_come_to_the_host(gpu, monkeypatch):
    monkeypatch.setattr(torch_posts, "OnDevice", Halving)
    monkeypatch.setitem(COST_MS, "post", 0.75)
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        follower = device.Follower(
            gpu, inference._exchange, None, inference._outputs, inference._feeds
        )
        follower.compute()
        follower.receive(gpu.stream)
    np.testing.assert_array_equal(follower.host_outputs[0], FEEDS["x"][0])


def test_two_inferences_are_under_way_and_each_has_its_own_buffers(gpu):
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        _, sampler = inference.further(None)
        assert [kind for kind, _ in gpu.calls].count("send") == 1  # by the sampler before it
        gpu.calls.clear()
        times_ms = [sampler.sample()[0] * 1e3 for _ in range(5)]
        sampler.close()  # waits for the one that is still under way
    order = [kind for kind, _ in gpu.calls if kind in ("send", "wait")]
    assert order == ["send", *(["send", "wait"] * 5), "wait"]
    assert len(gpu.blocks) == 4
    streams = {name: stream for name, stream in gpu.calls if name in COST_MS}
    assert len(set(streams.values())) == 3
    # The first has the GPU for itself; the next wait for the one before them.
    assert times_ms[0] == pytest.approx(2.75)
    assert times_ms[1] == pytest.approx(4.5)


def test_an_engine_that_is_bound_once_has_no_pipe_and_says_why(gpu):
    with device.opened(Doubling(1), {}, {}, FEEDS) as inference:
        (sampler,) = inference.further(None)
        assert isinstance(sampler, device_samplers.RunSampler)
        assert inference.facts["no_latency_pipe"] == "bound already"


def test_a_run_by_itself_copies_no_input_and_ends_before_the_way_back(gpu):
    ticks = iter([1.0, 1.5, 1.75])
    with device.opened(Doubling(), {}, {}, FEEDS) as inference:
        sampler = device_samplers.RunSampler(gpu, inference._exchange, clock=lambda: next(ticks))
        gpu.calls.clear()
        row = dict(zip(sampler.fields, sampler.sample(), strict=True))
        done = ("synchronize", 0)
        assert gpu.calls == [("compute", 0), done, ("receive", 0), done]
        np.testing.assert_array_equal(inference.run()[0], FEEDS["x"] * 2)
    assert row == {"latency_run": 0.5, "latency_run_d2h": 0.75}


@pytest.mark.parametrize("backend", ["onnxruntime-cuda", "torch"])
def test_without_the_library_a_gpu_backend_is_unavailable(runner, null_onnx, backend):
    library = backend.partition("-")[0]
    result = runner.result(runner.build_job(backend, null_onnx))
    if result["outcome"] == "unavailable":
        assert library in result["reason"] or "CUDA" in result["reason"]
    probed = runner.result({"schema": "retable/probe-job/1"})["facts"]["backends"][backend]
    assert probed["available"] is (result["outcome"] != "unavailable")


def test_without_pycuda_there_is_no_gpu():
    code = (
        "import sys; sys.modules['pycuda'] = None\n"
        "from retable_runner import cuda, outcomes\n"
        "for use in (cuda.versions, cuda.Gpu):\n"
        "    try:\n        use()\n"
        "    except Exception as error:\n"
        "        print(outcomes.outcome(error, 'crashed'), 'pycuda' in outcomes.reason(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(WORKFLOW)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "unavailable True\n" * 2, done.stderr


@pytest.mark.real
def test_a_library_for_cpus_makes_the_cuda_backend_unavailable(cpu_runner, null_onnx):
    result = cpu_runner.result(cpu_runner.build_job("onnxruntime-cuda", null_onnx))
    assert result["outcome"] == "unavailable"
    assert "is not onnxruntime-gpu" in result["reason"]


def test_a_precision_or_native_file_that_there_is_not_is_unsupported(tmp_path):
    with pytest.raises(Unsupported, match="fp16, fp32, int8, not in bf16"):
        backends.load("onnxruntime-cuda").build({"onnx": "m.onnx"}, "bf16", {}, str(tmp_path))
    torch = backends.load("torch")
    with pytest.raises(Unsupported, match="which are fp32, not fp16"):
        torch.build({"program": "p.pt"}, "fp16", {}, str(tmp_path))
    with pytest.raises(Unsupported, match="hold no TorchScript program"):
        torch.build({"weights": "w.npz"}, "fp32", {}, str(tmp_path))


def test_a_mode_of_torch_that_is_none_or_has_no_program_is_unsupported():
    torch = backends.load("torch")
    with pytest.raises(Unsupported, match="eager, cuda_graph, compile, compile_cuda_graph, not 'f"):
        torch.load({"program": "engine.pt"}, {"mode": "fast"}, None)
    with pytest.raises(Unsupported, match="compile needs the native file 'exported'"):
        torch.load({"program": "engine.pt"}, {"mode": "compile"}, None)


def test_torch_takes_the_programs_that_there_are_as_they_are(tmp_path):
    torch = backends.load("torch")
    sources = {role: str(tmp_path / f"{role}.native") for role in ("program", "exported", "other")}
    for role, path in sources.items():
        Path(path).write_text(role)
    files, _ = torch.build(sources, "fp32", {}, str(tmp_path / "engine"))
    assert {role: Path(path).read_text() for role, path in files.items()} == {
        "program": "program",
        "exported": "exported",
    }
    assert set(torch.build({"program": sources["program"]}, "fp32", {}, str(tmp_path))[0]) == {
        "program"
    }


def test_a_cuda_graph_of_a_graph_that_needs_the_cpu_is_unsupported():
    backend = backends.load("onnxruntime-cuda")
    with pytest.raises(Unsupported, match="run on the CPU: ArgMax a"):
        backend.check_capture({"copies": 1, "elsewhere": ["ArgMax a"]})
    backend.check_capture({"copies": 0, "elsewhere": ["Shape s"]})


def test_a_search_for_convolutions_that_is_not_there_is_unsupported():
    backend = backends.load("onnxruntime-cuda")
    assert backend.search_option({}) == {"cudnn_conv_algo_search": "EXHAUSTIVE"}
    assert backend.search_option({"conv_search": "heuristic"}) == {
        "cudnn_conv_algo_search": "HEURISTIC"
    }
    with pytest.raises(Unsupported, match="exhaustive, heuristic, default, not 'best'"):
        backend.search_option({"conv_search": "best"})
