"""Whole jobs in real processes with the null backend, also those that end badly."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retable_runner import contract

MEMORY_BYTES = 512 << 20


def launch(runner, engine, sample, **changes):
    return runner.launch_job("null", engine, sample, **changes)


def test_a_build_gives_an_engine_that_its_job_describes(runner, null_onnx):
    result = runner.result(runner.build_job("null", null_onnx))
    assert result["outcome"] == "ok"
    assert result["reason"] is None
    assert result["facts"]["build_ms"] > 0
    engine = result["artifacts"]["engine"]
    assert engine["bytes"] == Path(engine["path"]).stat().st_size


def test_a_launch_gives_samples_and_facts(runner, null_engine, sample):
    result = runner.result(launch(runner, null_engine, sample))
    facts = result["facts"]
    assert result["outcome"] == "ok"
    assert list(result["samples"]) == ["latency_sync"]
    assert len(result["samples"]["latency_sync"]) == facts["iterations"] >= 10
    assert min(result["samples"]["latency_sync"]) >= 1.0
    assert sum(result["samples"]["latency_sync"]) <= facts["duration_ms"]
    # Five of a millisecond; on a machine that is loaded its time may end before.
    assert facts["warmup"]["iterations"] >= 5 or facts["warmup"]["ms"] >= 60
    assert facts["outputs"] == [{"name": "output", "shape": [1, 19, 4, 4], "dtype": "float32"}]
    assert facts["affinity"] == sorted(os.sched_getaffinity(0))
    assert facts["threads"] == 1
    assert facts["load_ms"] > 0
    assert facts["first_call_ms"] >= 1.0


def test_a_launch_tells_its_turns_and_how_it_ended(runner, null_engine, sample):
    facts = runner.result(launch(runner, null_engine, sample))["facts"]
    assert facts["stopped"] == {"by": "time"}
    assert sum(turn["samples"] for turn in facts["turns"]) == facts["iterations"]
    starts = [turn["started_s"] for turn in facts["turns"]]
    assert starts == sorted(starts)
    assert len(starts) > 1


def test_a_launch_tells_the_machines_pace_in_each_of_its_turns(runner, null_engine, sample):
    turns = runner.result(launch(runner, null_engine, sample))["facts"]["turns"]
    paces = [turn["pace"] for turn in turns]
    assert all(pace["cpu_ms"] > 0 and pace["ms"] > 0 for pace in paces)
    assert len({pace["ms"] for pace in paces}) > 1  # measured anew


@pytest.mark.skipif(sys.platform != "linux", reason="counters are the kernel's")
def test_a_launch_counts_the_contention_of_each_sample(runner, null_engine, sample):
    result = runner.result(launch(runner, null_engine, sample))
    counted = result["contention"]
    assert {"cpu", "preempted"} <= set(counted)
    for values in counted.values():
        assert len(values) == len(result["samples"]["latency_sync"])
    # It sleeps: what it computes is little of its time, where nobody else makes it much.
    assert min(counted["cpu"]) < min(result["samples"]["latency_sync"])


def test_a_median_that_is_not_known_in_time_keeps_its_samples_and_says_why(
    runner, null_engine, sample
):
    job = launch(runner, null_engine, sample)
    job["measure"] = {**job["measure"], "max_ms": 30.0, "target": 1e-9}
    result = runner.result(job)
    assert result["outcome"] == "not_converged"
    assert result["reason"].startswith("the median's interval was asked for within 1e-07 %: ")
    assert len(result["samples"]["latency_sync"]) == result["facts"]["iterations"] > 0
    assert result["facts"]["stopped"]["by"] == "cap"


def test_a_post_has_a_field_of_its_own(runner, null_engine, sample):
    samples = runner.result(launch(runner, null_engine, sample, post="numpy_argmax"))["samples"]
    assert len(samples["host_post"]) == len(samples["latency_sync"])
    assert min(samples["host_post"]) > 0


def test_the_results_are_those_the_host_reads(runner, null_engine, sample):
    from retable.contract import Result

    Result.model_validate(runner.result({"schema": "retable/probe-job/1"}))
    Result.model_validate(runner.result(launch(runner, null_engine, sample)))


@pytest.mark.parametrize(
    ("failure", "outcome"), [("build", "build_failed"), ("unsupported", "unsupported")]
)
def test_a_build_that_fails_says_why(runner, null_onnx, failure, outcome):
    result = runner.result(runner.build_job("null", null_onnx, fail=failure))
    assert result["outcome"] == outcome
    assert result["reason"].startswith("the null backend was asked")
    assert result["artifacts"] == {}


def test_a_missing_library_is_unavailable(runner, null_onnx):
    result = runner.result(runner.build_job("onnxruntime", null_onnx))
    assert result["outcome"] == "unavailable"
    assert result["reason"] == "No module named 'onnxruntime'"


def test_a_backend_or_post_without_a_file_is_unavailable(runner, null_engine, null_onnx, sample):
    result = runner.result(runner.build_job("tensorrt-99", null_onnx))
    assert result["outcome"] == "unavailable"
    result = runner.result(launch(runner, null_engine, sample, post="argmin"))
    assert result["outcome"] == "unavailable"
    assert "no 'argmin' in retable_runner.posts: there are numpy_argmax, " in result["reason"]


def test_a_post_in_torch_without_torch_is_unavailable(runner, null_engine, sample):
    result = runner.result(launch(runner, null_engine, sample, post="torch_max"))
    assert result["outcome"] == "unavailable"
    assert "torch" in result["reason"]
    assert result["samples"] == {}


def test_an_engine_that_aborts_leaves_its_signal_and_no_result(runner, null_engine, sample):
    done = runner.process(launch(runner, null_engine, sample, fail="crash"))
    assert done.returncode == -signal.SIGABRT
    assert not runner.result_path.exists()


def test_an_engine_that_exits_leaves_no_result(runner, null_engine, sample):
    done = runner.process(launch(runner, null_engine, sample, fail="exit"))
    assert done.returncode == 3
    assert not runner.result_path.exists()


def test_memory_that_is_refused_is_an_outcome(runner, null_engine, sample):
    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))

    result = runner.result(launch(runner, null_engine, sample, fail="memory"), preexec_fn=limit)
    assert result["outcome"] == "out_of_memory"
    assert "16.0 MiB" in result["reason"]
    assert result["facts"]["load_ms"] > 0


def test_a_damaged_engine_has_crashed(runner, null_engine, sample):
    path = null_engine["engine"]["path"]
    Path(path).write_text("{")
    result = runner.result(launch(runner, {"engine": contract.artifact(path)}, sample))
    assert result["outcome"] == "crashed"
    assert result["reason"].startswith("Expecting property name")


@pytest.mark.parametrize("key", ["engine", "sample"])
def test_a_file_changed_since_is_a_broken_job(runner, null_engine, sample, key):
    job = launch(runner, null_engine, sample)
    wanted = job["engine"]["engine"] if key == "engine" else job["sample"]
    Path(wanted["path"]).write_bytes(b"changed")
    _assert_refused(runner, job, wanted["path"])


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        ({"schema": "retable/prboe-job/1"}, "schema 'retable/prboe-job/1' is not one"),
        ({}, "schema None is not one"),
        ({"schema": ["list"]}, "schema ['list'] is not one"),
        ([], "schema None is not one"),
        ("{", "not JSON"),
        ({"schema": "retable/build-job/1", "backend": "null"}, "needs source, precision, options"),
    ],
)
def test_a_job_that_is_none_is_refused_in_one_sentence(runner, job, sentence):
    _assert_refused(runner, job, sentence)


def test_a_missing_job_is_refused(runner):
    command = runner.command({})
    (runner.folder / "job.json").unlink()
    done = subprocess.run(command, env=runner.environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("cannot read the job (No such file or directory)\n")


def test_a_result_that_cannot_be_written_is_one_sentence(runner):
    runner.result_path = Path("/proc/result.json")
    done = subprocess.run(
        runner.command({"schema": "retable/probe-job/1"}),
        env=runner.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("/proc/result.json: cannot write the result")


def test_the_runner_works_on_where_its_parent_is_gone_as_in_a_container(runner):
    wanted = {"schema": "retable/probe-job/1"}
    command = runner.command(wanted)
    job = runner.folder / "job.json"
    job.unlink()
    os.mkfifo(job)
    parent = subprocess.Popen(
        [sys.executable, "-c", SPAWN, *command],
        env=runner.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        child = int(parent.stdout.readline())
        with job.open("w") as pipe:  # opens when the runner reads its job
            parent.kill()
            parent.wait()
            json.dump(wanted, pipe)
        _wait_until(lambda: _state(child) in (None, "Z"))
    assert json.loads(runner.result_path.read_text())["outcome"] == "ok"


SPAWN = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:])
print(child.pid, flush=True)
child.wait()
"""


def _assert_refused(runner, job, sentence):
    done = runner.process(job)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not runner.result_path.exists()


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


def _wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
