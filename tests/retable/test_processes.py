"""Real processes: how they end, and that none of them is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from live_processes import alive, gone

from retable import processes
from retable.errors import RetableError
from retable.processes import Exit, run

WORKFLOW = Path(__file__).parents[2] / "workflow"
FOREVER = "import time\nwhile True: time.sleep(60)\n"
WITH_GRANDCHILD = "sleep 600 & echo $!"
DEADLINE_S = 30
MIB = 2**20


def python(code: str, log: Path, **options) -> Exit:
    return run([sys.executable, "-c", code], log=log, **{"timeout_s": DEADLINE_S, **options})


def shell(code: str, log: Path, **options) -> Exit:
    """Run what must be well under way before a short time is over."""
    return run(["sh", "-c", code], log=log, **{"timeout_s": DEADLINE_S, **options})


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "x.log"


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_status_is_the_process_own(log, code):
    ended = python(f"raise SystemExit({code})", log)
    assert (ended.code, ended.signal_name, ended.timed_out) == (code, None, False)


@pytest.mark.parametrize("name", ["SIGABRT", "SIGSEGV", "SIGKILL", "SIGTERM"])
def test_a_signal_has_its_name(log, name):
    ended = python(f"import os, signal; os.kill(os.getpid(), signal.{name})", log)
    assert (ended.signal_name, ended.timed_out) == (name, False)


def test_both_streams_go_to_the_log_and_its_end_is_at_hand(log):
    ended = python("import sys; print('out', flush=True); print('err', file=sys.stderr)", log)
    assert log.read_text().splitlines() == ["out", "err"]
    assert ended.last_lines.splitlines() == ["out", "err"]


def test_the_log_is_appended_and_an_earlier_run_is_not_taken_for_this_one(log):
    python("print('MemoryError of the first')", log)
    ended = python("", log)
    assert ended.last_lines == ""
    python("print('third')", log)
    assert log.read_text().splitlines() == ["MemoryError of the first", "third"]


def test_of_a_long_log_the_end_is_kept_even_where_it_is_no_text(log):
    code = (
        "import sys; w = sys.stdout.buffer.write\n"
        "w(b'first\\n'); w('ü'.encode() * 100_000); w(b'\\xff\\nlast\\n')"
    )
    ended = python(code, log)
    assert "first" not in ended.last_lines
    assert ended.last_lines.splitlines()[-1] == "last"
    assert len(ended.last_lines) < 5000


def test_the_process_reads_nothing_and_inherits_variables(log, monkeypatch):
    monkeypatch.setenv("RETABLE_OUTER", "outer")
    code = (
        "import os, sys; print(os.environ['RETABLE_OUTER'], os.environ['INNER'], sys.stdin.read())"
    )
    assert python(code, log, environment={"INNER": "inner"}).last_lines == "outer inner"


def test_a_timeout_ends_the_process_and_keeps_what_it_said(log):
    ended = shell("echo begun; sleep 600", log, timeout_s=1)
    assert ended.timed_out
    assert (ended.signal_name, ended.last_lines) == ("SIGKILL", "begun")


@pytest.mark.parametrize("ignored", ["", "trap '' TERM HUP INT; "])
def test_a_timeout_ends_grandchildren_too(log, ignored):
    ended = shell(f"{ignored}{WITH_GRANDCHILD}; wait", log, timeout_s=1)
    assert ended.timed_out
    assert gone(int(ended.last_lines))


def test_what_a_process_leaves_running_ends_with_it(log):
    ended = shell(WITH_GRANDCHILD, log)
    assert (ended.code, ended.timed_out) == (0, False)
    assert gone(int(ended.last_lines))


def test_a_memory_limit_is_a_memory_error_of_the_process(log):
    allocate = f"held = bytearray({800 * MIB}); print('held', len(held))"
    limited = python(allocate, log, memory_limit_bytes=400 * MIB)
    assert limited.code == 1
    assert limited.last_lines.endswith("MemoryError")
    assert python(allocate, log).last_lines.startswith("held")
    enough = python("bytearray(2**20); print('enough')", log, memory_limit_bytes=400 * MIB)
    assert enough.last_lines == "enough"


@pytest.mark.parametrize(("kills", "expected"), [(8, True), (7, False)])
def test_one_that_the_kernel_killed_for_its_memory_is_told_from_one_that_somebody_killed(
    log, tmp_path, monkeypatch, kills, expected
):
    counters = tmp_path / "vmstat"
    counters.write_text("pgfault 3\noom_kill 7\n")
    monkeypatch.setattr(processes, "VMSTAT", counters)
    ended = shell(f"echo oom_kill {kills} > {counters}; kill -KILL $$", log)
    assert ended.signal_name == "SIGKILL"
    assert ended.out_of_memory is expected


def test_a_program_that_is_not_there_is_one_sentence(log, tmp_path):
    missing = tmp_path / "bin" / "python"
    with pytest.raises(RetableError, match="could not be started") as caught:
        run([str(missing)], log=log, timeout_s=DEADLINE_S)
    assert str(missing) in str(caught.value) and "\n" not in str(caught.value)


STARTS_A_CHILD = (
    "import sys; from pathlib import Path; from retable.processes import run\n"
    "run([sys.executable, '-c', sys.argv[1]], log=Path(sys.argv[2]), timeout_s=600)"
)


def start_parent(log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a process that runs a child for ever; wait until the child has told its id."""
    child = f"import os; print(os.getpid(), flush=True)\n{FOREVER}"
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_CHILD, child, str(log)],
        env={**os.environ, "PYTHONPATH": str(WORKFLOW)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and parent.poll() is None:
        if log.is_file() and log.read_text().endswith("\n"):
            return parent, int(log.read_text())
        time.sleep(0.01)
    parent.kill()
    raise AssertionError("the child never began")


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_child_does_not_outlive_its_parent(log, sent):
    parent, child = start_parent(log)
    try:
        assert alive(child)
        parent.send_signal(sent)
        parent.wait(DEADLINE_S)
        assert gone(child)
    finally:
        parent.kill()
        parent.wait()
        if alive(child):
            os.kill(child, signal.SIGKILL)
