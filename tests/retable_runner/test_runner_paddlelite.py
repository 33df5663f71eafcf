"""The backend paddlelite: what its program prints, and whole launches on a phone's stand-in."""

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import phone_stand_in
from retable_runner import paddlelite_log
from retable_runner.backends import paddlelite
from retable_runner.errors import Unavailable, Unsupported

SHAPE = (8, 3, 16, 12)
PUBLISHED = {"threads": 4, "warmup": 10, "repeats": 7, "power_mode": "LITE_POWER_HIGH"}
# As opt 2.13rc0 ends where it finds no model: the reason is below the place in its sources.
ABORTED = """Loading topology data from program.pdmodel
[F 11/22 12:17:43.373 ...e-Lite/lite/model_parser/model_parser.cc:171 FindModelFileName]\x20
Error, the model file 'program.pdmodel' is not existed. Please confirm it.
"""


@pytest.fixture
def printed(tmp_path):
    """What the program prints of PUBLISHED."""
    program = tmp_path / "benchmark_bin"
    program.write_text(phone_stand_in.PROGRAM)
    (tmp_path / "engine.nb").write_bytes(b"an engine")
    (tmp_path / "input.txt").write_text("0.5\n" * int(np.prod(SHAPE)))
    told = paddlelite.settings(PUBLISHED, SHAPE, 10, 7)
    flags = [f"--{name}={value}" for name, value in told.items()]
    files = ["--optimized_model_file=engine.nb", "--input_data_path=input.txt", "--backend=arm"]
    done = subprocess.run(
        ["sh", program, *files, *flags], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_what_the_program_prints_is_read(printed):
    said = paddlelite_log.timing(printed)
    assert said["version"] == "v2.13-rc"
    assert said["settings"] == paddlelite.settings(PUBLISHED, SHAPE, 10, 7)
    assert said["times"] == {
        "init": 12.345,
        "first": 130.001,
        "min": 23.5,
        "max": 24.25,
        "avg": 24.24,
    }
    assert [one["shape"] for one in said["outputs"]] == [[8, 17, 32, 24], [8, 17]]


@pytest.mark.parametrize("word", ["avg   =", "init  ="])
def test_a_time_that_is_not_told_is_missed(printed, word):
    with pytest.raises(ValueError, match="benchmark_bin told no " + word.split()[0]):
        paddlelite_log.timing(printed.replace(word, "other ="))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ABORTED, "Error, the model file 'program.pdmodel' is not existed. Please confirm it."),
        ("[F 1/1 1:1:1.1 a.cc:1 F] Check failed: x > 0\nand so on\n", "Check failed: x > 0"),
        ("one\nERROR: unknown command line flag 'x'\n\n", "ERROR: unknown command line flag 'x'"),
        ("Mode file[engine.nb] not exist!\nAborted\n", "Mode file[engine.nb] not exist!"),
        ("some words\nlast words\n", "last words"),
        ("", "it printed nothing"),
    ],
)
def test_why_paddle_lite_ended_is_told_in_its_words(text, reason):
    assert paddlelite_log.failure(text) == reason


@pytest.mark.parametrize(
    ("files", "feeds", "error", "words"),
    [
        ({"engine": "e"}, {"x": np.zeros(3, "f4")}, Unavailable, "no benchmark_bin"),
        ({"program": "p"}, {"x": np.zeros(3, "f4"), "y": np.zeros(3, "f4")}, Unsupported, "order"),
        ({"program": "p"}, {"x": np.zeros(3, "u1")}, Unsupported, "float32, the sample is uint8"),
    ],
)
def test_what_the_program_cannot_be_given_is_told(tmp_path, files, feeds, error, words):
    with pytest.raises(error, match=words):
        paddlelite.load(files, {}, feeds, str(tmp_path))


def test_a_power_mode_that_is_none_is_told():
    with pytest.raises(Unsupported, match="LITE_POWER_HIGH.*'fast'"):
        paddlelite.settings({"power_mode": "fast"}, SHAPE, 0, 1)


def test_engines_are_of_paddles_own_models_and_of_two_precisions(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "paddlelite").mkdir()
    (tmp_path / "paddlelite" / "__init__.py").write_text("lite = None\n")
    with pytest.raises(Unsupported, match="and not a graph"):
        paddlelite.build({"onnx": "x.onnx"}, "fp32", {}, str(tmp_path))
    with pytest.raises(Unsupported, match="fp32, fp16"):
        paddlelite.build({"model": "m", "params": "p"}, "int8", {}, str(tmp_path))


@pytest.fixture
def job(phone, described, quick, tmp_path):
    """Makes jobs that launch the backend on the phone."""
    program = tmp_path / "benchmark_bin_v8"
    program.write_text(phone_stand_in.PROGRAM)
    engine = tmp_path / "engine.nb"
    engine.write_bytes(b"an engine")
    image = np.linspace(0, 1, np.prod(SHAPE), dtype="f4").reshape(SHAPE)
    np.savez(tmp_path / "sample.npz", image=image)

    def wanted(serial=phone.serial, without=(), measure=(), limit_s=None, **options):
        told = {key: value for key, value in {**PUBLISHED, **options}.items() if value is not None}
        files = {"engine": described(engine), "program": described(program)}
        return {
            "schema": "retable/launch-job/2",
            "backend": "paddlelite",
            "engine": {role: one for role, one in files.items() if role not in without},
            "sample": described(tmp_path / "sample.npz"),
            "post": "none",
            "options": told,
            "phone": {"serial": serial},
            **quick,
            "measure": {**quick["measure"], **dict(measure)},
            "reply_timeout_s": limit_s,
        }

    return wanted


@pytest.fixture
def launched(job, runner):
    """Launches the backend on the phone; returns the result."""
    return lambda **wanted: runner.result(job(**wanted))


def test_a_launch_on_a_phone_is_timed_as_published(launched, phone):
    result = launched()
    assert result["outcome"] == "ok", result["reason"]
    assert result["samples"] == {"latency_run": [24.24]}  # 7 runs: more than the 5 ms wanted
    facts = result["facts"]
    assert facts["memory"] == "program"
    assert facts["threads"] == 4
    assert facts["warmup"]["iterations"] == 10
    assert facts["program"]["runs_a_sample"] == 7
    assert facts["program"]["options"]["repeats"] == "7"
    assert facts["program"]["options"]["input_shape"] == "8,3,16,12"
    assert [one["shape"] for one in facts["outputs"]] == [[8, 17, 32, 24], [8, 17]]
    assert result["versions"]["paddlelite"] == "2.13-rc"
    assert result["versions"]["adb"].startswith("1.0.")
    assert "load_average" not in facts  # of this machine, which is not what is timed
    assert list(phone.here("/data/local/tmp/retable").iterdir()) == []


def test_the_program_is_started_until_as_long_was_measured_as_wanted(launched):
    result = launched(repeats=1, threads=1, measure={"min_ms": 250.0})
    assert result["samples"] == {"latency_run": [96.24] * 3}  # 288.72 ms
    assert len(result["facts"]["program"]["summary"]) == 3


def test_the_program_is_started_twenty_times_at_most(launched):
    result = launched(repeats=1, threads=96, measure={"min_ms": 250.0, "target": 0.01})
    assert result["samples"] == {"latency_run": [1.24] * 20}  # 24.8 ms of the 250 wanted
    assert result["facts"]["program"]["most_samples"] == 20
    assert (result["outcome"], result["reason"]) == ("ok", None)


def test_without_published_counts_the_budget_decides(launched):
    result = launched(repeats=None, warmup=None, threads=1, measure={"min_ms": 2000.0})
    assert result["facts"]["program"]["options"]["repeats"] == "21"  # 2 s of 96.24 ms
    assert result["facts"]["program"]["options"]["warmup"] == "1"  # 5 ms


def test_no_convergence_is_asked_of_a_program_that_tells_means(launched):
    result = launched(measure={"min_samples": 100, "target": 0.01})
    assert (result["outcome"], result["reason"]) == ("ok", None)
    assert result["facts"]["stopped"] == {"by": "time"}


def test_a_program_that_does_not_end_is_ended(launched, phone, tmp_path):
    (tmp_path / "benchmark_bin_v8").write_text("#!/bin/sh\nexec sleep 600\n")
    result = launched(limit_s=1)
    assert result["outcome"] == "crashed"
    assert result["reason"].startswith("benchmark_bin did not end within 1")
    assert list(phone.here("/data/local/tmp/retable").iterdir()) == []


def test_what_a_killed_launch_left_running_is_ended_by_the_next(
    job, launched, runner, phone, tmp_path
):
    program = tmp_path / "benchmark_bin_v8"
    program.write_text("#!/bin/sh\necho $$ > started && mv started pid\nexec sleep 600\n")
    killed = subprocess.Popen(runner.command(job()), cwd=tmp_path, env=runner.environment)
    folder = phone.here("/data/local/tmp/retable")
    assert within(lambda: any(folder.glob("*/pid")))
    (pid,) = (int(path.read_text()) for path in folder.glob("*/pid"))
    killed.kill()
    killed.wait()
    assert running(pid)
    program.write_text(phone_stand_in.PROGRAM)
    assert launched()["outcome"] == "ok"
    assert within(lambda: not running(pid))


def running(pid):
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def within(happened, seconds=60):
    """Whether something happens in time: only a failing test takes that long."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)
    return happened()


def test_a_program_that_does_otherwise_than_told_is_found_out(launched, monkeypatch):
    monkeypatch.setenv("FORCED_THREADS", "2")
    result = launched()
    assert (result["outcome"], result["reason"]) == (
        "crashed",
        "benchmark_bin ran with threads 2, and was asked for 4",
    )


def test_a_program_of_another_kind_ends_with_its_own_words(launched, tmp_path):
    words = "ERROR: unknown command line flag 'optimized_model_file'"
    (tmp_path / "benchmark_bin_v8").write_text(f'#!/bin/sh\necho "{words}"\nexit 1\n')
    result = launched()
    assert (result["outcome"], result["reason"]) == ("crashed", f"benchmark_bin: {words}")


def test_a_signal_ends_the_program(launched, tmp_path):
    (tmp_path / "benchmark_bin_v8").write_text("#!/bin/sh\necho begun\nkill -11 $$\n")
    result = launched()
    assert result["outcome"] == "crashed"
    assert result["reason"].startswith("signal 11 ended benchmark_bin: ")


def test_a_program_that_is_missing_is_unavailable(launched):
    result = launched(without=["program"])
    assert result["outcome"] == "unavailable"
    assert result["reason"].startswith("no benchmark_bin")


def test_a_phone_without_room_is_unavailable(launched, phone):
    phone.has_room = False
    result = launched()
    assert result["outcome"] == "unavailable"
    assert result["reason"].endswith("no room is left on it")
    assert "benchmark_bin" in result["reason"]
    assert "connection_lost" not in result["facts"]


def test_a_phone_that_is_lost_in_mid_run_is_told_as_lost(launched, phone):
    phone.leaves_at = "./benchmark_bin"
    result = launched()
    assert result["outcome"] == "unavailable"
    assert result["reason"].startswith(f"the phone {phone.serial} was lost in mid-run")
    assert result["facts"]["connection_lost"] is True


def test_a_phone_that_forbids_it_is_unavailable(launched, phone, adb):
    phone.is_allowed = False
    adb.run("disconnect")
    adb.run("connect", phone.serial)
    result = launched()
    assert result["outcome"] == "unavailable"
    assert "has not allowed this computer" in result["reason"]
