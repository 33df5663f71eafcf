"""The backend trtexec: real logs, and whole jobs with a stand-in for the program."""

import csv
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from retable_runner import trtexec_log
from retable_runner.backends import trtexec
from retable_runner.errors import Unsupported

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT.parent / "shared" / "reference" / "trtexec-logs"
PUBLISHED = ROOT / "data" / "published" / "fast-scnn.csv"
STAND_IN = Path(__file__).with_name("trtexec_stand_in.py")
VERSIONS = {8001: "8.0.1", 8201: "8.2.1", 8401: "8.4.1", 8601: "8.6.1", 100900: "10.9.0"}
VERSIONS[110300] = "11.3.0"


def published():
    """The rows of the published table of latencies: (log, milliseconds)."""
    with PUBLISHED.open(newline="") as stream:
        return [
            (f"fast_scnn_{row['row']}{'_fp16' if row['column'] == 'FP16' else ''}.log", row["text"])
            for row in csv.DictReader(stream)
            if row["table"] == "latency"
        ]


@pytest.mark.skipif(not LOGS.is_dir(), reason=f"the published logs are not at {LOGS}")
@pytest.mark.parametrize(("name", "text"), published())
def test_a_published_log_gives_the_published_value(name, text):
    log = (LOGS / name).read_text()
    summary = trtexec_log.timing(log)["summary"]
    end_to_end = summary["End-to-End Host Latency"]["mean"]
    assert f"{end_to_end:.2f}" == text
    assert end_to_end == pytest.approx(summary["Latency"]["mean"], abs=0.02)
    parts = ("H2D Latency", "GPU Compute Time", "D2H Latency")
    total = sum(summary[part]["mean"] for part in parts)
    assert total == pytest.approx(summary["Latency"]["mean"], rel=1e-5)
    assert trtexec_log.version(log) == (8, 0, 1)


@pytest.mark.skipif(not LOGS.is_dir(), reason=f"the published logs are not at {LOGS}")
def test_a_published_log_tells_how_it_was_timed():
    log = (LOGS / "fast_scnn_384x576_fp16.log").read_text()
    found = trtexec_log.timing(log)
    assert found["summary"]["Latency"]["mean"] == 25.1983
    assert found["summary"]["GPU Compute Time"]["mean"] == 23.3337
    assert found["summary"]["Latency"]["percentile(99%)"] == 25.2861
    assert found["outputs"] == [{"name": "485", "shape": [1, 19, 384, 576]}]
    assert (found["warmup_queries"], found["queries"], found["seconds"]) == (8, 121, 3.05029)
    assert trtexec_log.build_seconds(log) == 273.089
    used = {key: found["options"][key] for key in ("Streams", "Data transfers", "Spin-wait")}
    assert used == {"Streams": "1", "Data transfers": "Enabled", "Spin-wait": "Disabled"}


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("v8001]", (8, 0, 1)),
        ("v8601]", (8, 6, 1)),
        ("v101303] [b9]", (10, 13, 3)),
        ("v110300] [b99]", (11, 3, 0)),
        ("v11.1.0.106] [b48]", (11, 1, 0)),
    ],
)
def test_the_banner_tells_the_version(banner, version):
    text = f"&&&& RUNNING TensorRT.trtexec [TensorRT {banner} # trtexec --help\n"
    assert trtexec_log.version("something before\n" + text) == version


def test_what_is_no_log_has_no_version():
    assert trtexec_log.version("trtexec: command not found\n") is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("[]", 1),
        ("{}", 1),
        ("[{}]", 1),
        ("[3]", 1),
        ('[{"latencyMs": "x"}]', 1),
        ('[{"latencyMs": 1.0}]', 0),
    ],
)
def test_exported_times_of_another_form_are_refused(text, count):
    with pytest.raises(ValueError, match="--exportTimes: "):
        trtexec_log.samples(text, count)


def test_flags_of_each_version():
    def given(version, precision="fp16", **options):
        return trtexec.build_flags(version, precision, options)[2:]  # behind device and TF32

    assert given((8, 0, 1)) == ["--fp16", "--workspace=16", "--buildOnly"]
    assert given((8, 2, 1), workspace_mib=64) == ["--fp16", "--workspace=64", "--buildOnly"]
    assert given((8, 4, 0)) == ["--fp16", "--buildOnly"]
    assert given((8, 6, 1), "int8", workspace_mib=64) == [
        *("--int8", "--memPoolSize=workspace:64", "--skipInference")
    ]
    assert given((10, 9, 0)) == given((11, 0, 0)) == ["--stronglyTyped", "--skipInference"]
    with pytest.raises(Unsupported, match="trtexec builds fp16, fp32, int8"):
        given((8, 0, 1), "fp64")


def test_what_is_timed_is_said_in_the_words_of_each_version():
    def switches(version, **options):
        flags = trtexec.timing_flags(version, options, 200, 500, 5)
        return flags[flags.index("--percentile=99") + 1 :]

    assert switches((8, 0, 1)) == switches((10, 9, 0)) == ["--useSpinWait"]
    assert switches((8, 0, 1), spin=False) == []
    assert switches((10, 0, 0), cuda_graph=True) == ["--useSpinWait", "--useCudaGraph"]
    assert switches((11, 0, 0)) == ["--includeDataTransfers", "--noCudaGraph"]
    assert switches((11, 0, 0), spin=False, cuda_graph=True) == [
        *("--includeDataTransfers", "--noSpinWait")
    ]


def test_an_early_version_times_whole_seconds():
    assert "--duration=1" in trtexec.timing_flags((8, 2, 0), {}, 200, 500, 5)
    assert "--duration=0.5" in trtexec.timing_flags((8, 4, 0), {}, 200, 500, 5)


class Trtexec:
    """A runner on whose PATH the stand-in is `trtexec`."""

    def __init__(self, runner, number):
        folder = runner.folder / "bin"
        folder.mkdir()
        self._calls = runner.folder / "calls"
        program = folder / "trtexec"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.runner = runner
        runner.environment.update(
            PATH=f"{folder}:{os.environ['PATH']}",
            TRTEXEC_VERSION=str(number),
            TRTEXEC_CALLS=str(self._calls),
        )

    def fails(self, how):
        self.runner.environment["TRTEXEC_FAIL"] = how

    def calls(self):
        """Return the arguments of each call that does something."""
        calls = [json.loads(line) for line in self._calls.read_text().splitlines()]
        return [call for call in calls if call != ["--help"]]

    def build(self, onnx, precision="fp32", **options):
        return self.runner.result(self.runner.build_job("trtexec", onnx, precision, **options))

    def launch(self, engine, sample, changes=(), **kwargs):
        job = {**self.runner.launch_job("trtexec", engine, sample, **kwargs), **dict(changes)}
        return self.runner.result(job)


@pytest.fixture(params=VERSIONS, ids=VERSIONS.get)
def any_trtexec(runner, request):
    return Trtexec(runner, request.param)


@pytest.fixture
def one_trtexec(runner):
    return Trtexec(runner, 8001)


@pytest.fixture
def engine(one_trtexec, null_onnx):
    return one_trtexec.build(null_onnx)["artifacts"]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_each_version_builds_with_flags_that_it_knows(any_trtexec, null_onnx, precision):
    result = any_trtexec.build(null_onnx, precision, workspace_mib=64)
    assert (result["outcome"], result["reason"]) == ("ok", None)
    assert Path(result["artifacts"]["engine"]["path"]).read_bytes() == b"plan of not read"
    assert result["facts"]["engine"]["build_s"] == 273.089
    (call,) = any_trtexec.calls()
    assert set(result["facts"]["engine"]["flags"]) <= set(call)
    number = int(any_trtexec.runner.environment["TRTEXEC_VERSION"])
    assert result["versions"]["tensorrt"] == VERSIONS[number]


@pytest.mark.parametrize("options", [{}, {"spin": False, "cuda_graph": True}], ids=str)
def test_each_version_times_what_is_asked(any_trtexec, null_onnx, sample, options):
    built = any_trtexec.build(null_onnx)["artifacts"]
    result = any_trtexec.launch(built, sample, **options)
    assert (result["outcome"], result["reason"]) == ("ok", None)
    samples, facts = result["samples"], result["facts"]
    early = int(any_trtexec.runner.environment["TRTEXEC_VERSION"]) < 8400
    fields = ["latency_sum", "gpu_compute", "h2d", "d2h", *["latency_pipe"] * early, "enqueue"]
    assert list(samples) == facts["fields"] == fields
    assert {len(times) for times in samples.values()} == {facts["iterations"]}
    whole = sum(np.array(samples[part]) for part in ("h2d", "gpu_compute", "d2h"))
    assert samples["latency_sum"] == pytest.approx(whole.tolist(), rel=1e-4)
    assert min(samples["gpu_compute"]) == 2.0
    assert samples["enqueue"] == pytest.approx([0.0625] * facts["iterations"], abs=0.01)
    assert facts["iterations"] >= 10
    assert facts["warmup"] == {"iterations": 2, "ms": 5.0}  # at 0 and 2.5 ms
    (turn,) = facts["turns"]
    assert turn["samples"] == facts["iterations"]
    summary = facts["program"]["summary"]["Latency"]
    assert summary["mean"] == pytest.approx(np.mean(samples["latency_sum"]), rel=1e-4)
    assert facts["outputs"] == [{"name": "y", "shape": [1, 19, 8, 8], "dtype": None}]
    assert facts["stopped"] == {"by": "time"}
    assert result["contention"] == {}


def test_the_input_is_the_sample(one_trtexec, engine, sample):
    one_trtexec.launch(engine, sample)
    names = [flag for call in one_trtexec.calls() for flag in call if "loadInputs" in flag]
    assert len(names) == 2  # the trial, and the measurement
    assert all(flag.startswith("--loadInputs=x:") for flag in names)


def test_an_input_that_the_sample_lacks_is_not_made_up(one_trtexec, engine, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, other=np.zeros(3, np.float32))
    result = one_trtexec.launch(engine, path)
    assert result["outcome"] == "crashed"
    assert result["reason"] == "trtexec gave random values to x, for which the sample has none"


def test_an_input_whose_name_trtexec_would_split_is_unsupported(one_trtexec, engine, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, **{"x:0": np.zeros(3, np.float32)})
    result = one_trtexec.launch(engine, path)
    assert result["outcome"] == "unsupported"
    assert "'x:0'" in result["reason"]


def test_what_follows_on_the_host_cannot_be_timed(one_trtexec, engine, sample):
    result = one_trtexec.launch(engine, sample, post="numpy_argmax")
    assert result["outcome"] == "unsupported"
    assert result["reason"].endswith("without what follows on the host")


def test_a_slow_engine_is_timed_no_longer_than_the_time_allows(one_trtexec, engine, sample):
    wanted = {"min_ms": 0.0, "min_samples": 1000, "max_ms": 100.0, "target": None}
    result = one_trtexec.launch(engine, sample, changes={"measure": wanted})
    assert result["facts"]["iterations"] == 39  # of a little more than 2.5 ms, in 100 ms


def test_a_target_is_judged_after_the_one_turn(one_trtexec, engine, sample):
    wanted = {"min_ms": 1000.0, "min_samples": 400, "max_ms": 5000.0, "target": 0.01}
    result = one_trtexec.launch(engine, sample, changes={"measure": wanted})
    assert (result["outcome"], result["facts"]["stopped"]["by"]) == ("ok", "converged")
    wanted = {"min_ms": 0.0, "min_samples": 3, "max_ms": 5000.0, "target": 0.01}
    result = one_trtexec.launch(engine, sample, changes={"measure": wanted})
    assert (result["outcome"], result["facts"]["stopped"]["by"]) == ("not_converged", "cap")
    assert len(result["samples"]["latency_sum"]) == 3


def test_it_is_conducted_like_any_launch(one_trtexec, engine, sample):
    from test_runner_conversation import Conducted

    job = one_trtexec.runner.launch_job("trtexec", engine, sample)
    command = one_trtexec.runner.command({**job, "conducted": True})
    launch = Conducted(command, one_trtexec.runner.environment)
    with launch.process:
        assert launch.ask() == {"loaded": True}
        assert launch.ask("warm") == {"ready": True}
        assert launch.ask("turn") == {"enough": True}
        assert launch.ask("finish") == {"finished": True}
        launch.process.stdin.write(b"end\n")
        said, _ = launch.ended()
    assert said == b""
    assert json.loads(one_trtexec.runner.result_path.read_text())["outcome"] == "ok"


def test_a_graph_that_is_refused_tells_node_and_words(one_trtexec, null_onnx):
    one_trtexec.fails("parse")
    result = one_trtexec.build(null_onnx)
    assert result["outcome"] == "build_failed"
    assert 'While parsing node number 2 [Foo -> "y"]' in result["reason"]
    assert result["reason"].endswith("No importer registered for op: Foo")
    assert not (one_trtexec.runner.folder / "engine" / "engine.plan").exists()


def test_a_gpu_without_memory_is_an_outcome(one_trtexec, null_onnx):
    one_trtexec.fails("memory")
    assert one_trtexec.build(null_onnx)["outcome"] == "out_of_memory"


def test_a_truncated_engine_is_told_in_trtexecs_words(one_trtexec, engine, sample):
    from retable_runner import contract

    path = engine["engine"]["path"]
    Path(path).write_bytes(b"pla")
    result = one_trtexec.launch({"engine": contract.artifact(path)}, sample)
    assert result["outcome"] == "crashed"
    assert result["reason"].endswith("Error Code 1: Serialization")


def test_a_trtexec_that_times_something_else_is_not_believed(one_trtexec, engine, sample):
    one_trtexec.fails("other")
    result = one_trtexec.launch(engine, sample)
    assert result["outcome"] == "crashed"
    assert result["reason"] == (
        "trtexec 8.0.1 timed with CUDA Graph Enabled, and was asked for Disabled"
    )


def test_a_trtexec_that_a_signal_ends_is_told(one_trtexec, engine, sample):
    one_trtexec.fails("crash")
    result = one_trtexec.launch(engine, sample)
    assert result["outcome"] == "crashed"
    assert result["reason"].startswith("signal 6 ended trtexec")


def test_trtexec_dies_with_the_runner(one_trtexec, engine, sample):
    one_trtexec.fails("hang")
    runner = one_trtexec.runner
    launch = subprocess.Popen(
        runner.command(runner.launch_job("trtexec", engine, sample)),
        env=runner.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    with launch:
        words = next(line for line in launch.stderr if "hanging as process" in line)
        status = Path("/proc", words.split()[-1], "status")
        assert status.exists()
        launch.kill()
    deadline = time.monotonic() + 10
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() < deadline, "trtexec outlives the runner"
        time.sleep(0.01)


def test_a_trtexec_that_does_not_start_is_unavailable(one_trtexec, null_onnx):
    one_trtexec.fails("library")
    result = one_trtexec.build(null_onnx)
    assert result["outcome"] == "unavailable"
    assert result["reason"].endswith("error while loading shared libraries: libnvinfer.so.8")


def test_no_trtexec_is_one_sentence(runner, null_onnx):
    runner.environment["PATH"] = str(runner.folder)
    result = runner.result(runner.build_job("trtexec", null_onnx))
    assert result["outcome"] == "unavailable"
    assert result["reason"] == ("no trtexec on the PATH, nor at /usr/src/tensorrt/bin/trtexec")


def test_an_old_one_is_unsupported(runner, null_onnx):
    result = Trtexec(runner, 7103).build(null_onnx)
    assert (result["outcome"], result["reason"]) == (
        "unsupported",
        "trtexec 7.1.3 is older than 8.0",
    )
