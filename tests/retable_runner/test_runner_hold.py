"""The first process of a container: it holds a machine's lock as long as somebody is there."""

import fcntl
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from retable_runner import hold

TEXT = Path(hold.__file__).read_text(encoding="utf-8")
DEADLINE_S = 30
LONG_S = "600"


@pytest.fixture
def start(tmp_path):
    """Starts the process as a container does, by its text; it locks the test's folder."""
    started = []

    def new(kind, silence_s=LONG_S):
        process = subprocess.Popen(
            [sys.executable, "-c", TEXT, str(tmp_path), kind, silence_s],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        started.append(process)
        return process

    yield new
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def says(process):
    assert select.select([process.stdout], [], [], DEADLINE_S)[0], "it says nothing"
    return process.stdout.readline()


def is_locked(folder, kind):
    """Whether the folder could not be locked this way now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@pytest.mark.parametrize(
    ("kind", "to_share", "to_have"),
    [("alone", True, True), ("shared", False, True), ("none", False, False)],
)
def test_it_locks_the_machine_as_asked_until_it_is_left(start, tmp_path, kind, to_share, to_have):
    process = start(kind)
    assert says(process) == b"held\n"
    assert is_locked(tmp_path, fcntl.LOCK_SH) == to_share
    assert is_locked(tmp_path, fcntl.LOCK_EX) == to_have
    process.stdin.close()
    assert process.wait(DEADLINE_S) == 0
    assert not is_locked(tmp_path, fcntl.LOCK_EX)


def test_it_waits_for_the_machine(start):
    first = start("alone")
    assert says(first) == b"held\n"
    second = start("shared")
    assert not select.select([second.stdout], [], [], 0.3)[0]
    first.stdin.close()
    assert says(second) == b"held\n"


def test_one_that_waits_ends_when_it_is_left(start):
    first = start("alone")
    assert says(first) == b"held\n"
    second = start("alone")
    second.stdin.close()
    assert second.wait(DEADLINE_S) == 0
    assert second.stdout.read() == b""


def test_it_ends_when_nobody_says_anything(start):
    process = start("alone", "0.3")
    assert says(process) == b"held\n"
    assert process.wait(DEADLINE_S) == 0


def test_it_stays_while_somebody_says_something(start):
    process = start("alone", "2")
    assert says(process) == b"held\n"
    for _ in range(15):
        process.stdin.write(b"\n")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
