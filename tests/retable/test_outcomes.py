"""From how a process ended to an outcome with its reason."""

import sys
from pathlib import Path

import pytest

from retable.contract import Result
from retable.errors import RetableError
from retable.files import write_json
from retable.outcomes import result_of
from retable.processes import Exit, run


def ended(code: int, said: str = "", *, timed_out: bool = False) -> Exit:
    return Exit(code=code, seconds=12.4, timed_out=timed_out, last_lines=said)


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Where a process would have left its result: it is not there."""
    return tmp_path / "result.json"


@pytest.mark.parametrize("outcome", ["ok", "build_failed", "unsupported"])
def test_a_result_is_what_the_process_says(result: Path, outcome: str) -> None:
    told = Result.model_validate(
        {"schema": "retable/result/1", "outcome": outcome, "samples": {"latency_sync": [1.5]}}
    )
    write_json(result, told.model_dump(by_alias=True))
    assert result_of(ended(0), result) == told


@pytest.mark.parametrize(
    ("how", "outcome", "reason"),
    [
        (ended(-9, "begun", timed_out=True), "timeout", "no end after 12 s"),
        (ended(-9, "MemoryError", timed_out=True), "timeout", "no end after 12 s"),
        (ended(-6, "first\nassertion failed"), "crashed", "SIGABRT: assertion failed"),
        (ended(-11), "crashed", "SIGSEGV: nothing in its log"),
        (ended(3), "crashed", "exit status 3: nothing in its log"),
        (ended(3, "first\nno such layer"), "crashed", "exit status 3: no such layer"),
        (ended(0, "bye"), "crashed", "exit status 0: bye"),
        (ended(1, "x\nMemoryError"), "out_of_memory", "exit status 1: MemoryError"),
        (
            ended(-6, "what():  std::bad_alloc\nAborted"),
            "out_of_memory",
            "SIGABRT: Aborted",
        ),
        (
            ended(1, "OSError: [Errno 12] Cannot allocate memory"),
            "out_of_memory",
            "exit status 1: OSError: [Errno 12] Cannot allocate memory",
        ),
    ],
)
def test_a_process_without_a_result_has_an_outcome(
    result: Path, how: Exit, outcome: str, reason: str
) -> None:
    assert result_of(how, result) == Result.model_validate(
        {"schema": "retable/result/1", "outcome": outcome, "reason": reason}
    )


def test_a_result_of_a_process_that_crashed_after_it_does_not_count(result: Path) -> None:
    write_json(result, Result(outcome="ok").model_dump(by_alias=True))
    assert result_of(ended(-11, "double free"), result).outcome == "crashed"


def test_a_refused_job_is_an_error_and_no_outcome(result: Path) -> None:
    with pytest.raises(RetableError, match="a job file was refused: unknown key 'x'"):
        result_of(ended(2, "unknown key 'x'"), result)


@pytest.mark.parametrize(
    ("code", "limit", "outcome", "reason"),
    [
        ("import os; os.abort()", None, "crashed", "SIGABRT: nothing in its log"),
        (f"bytearray({2**30})", 400 * 2**20, "out_of_memory", "exit status 1: MemoryError"),
        ("raise ValueError('no')", None, "crashed", "exit status 1: ValueError: no"),
    ],
)
def test_of_a_real_process(
    result: Path, code: str, limit: int | None, outcome: str, reason: str
) -> None:
    how = run(
        [sys.executable, "-c", code],
        log=result.with_name("log"),
        timeout_s=60,
        memory_limit_bytes=limit,
    )
    made = result_of(how, result)
    assert (made.outcome, made.reason) == (outcome, reason)
