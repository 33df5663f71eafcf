"""The machine's lock, taken by real processes that talk through pipes."""

import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[2] / "workflow"
DEADLINE_S = 30
HOLDER = """
import os, sys
from pathlib import Path
from retable import locks
kind, path, umask, user = sys.argv[1:]
os.umask(int(umask, 8))
os.setuid(int(user))
lock = locks.exclusive(Path(path)) if kind == "exclusive" else getattr(locks, kind)()
print("asks", flush=True)
with lock:
    print("holds", flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""


class Holder:
    """A process that asks for a lock, says when it holds it, and leaves it when told to."""

    def __init__(self, process):
        self.process = process
        assert self.line() == "asks"

    def line(self):
        assert select.select([self.process.stdout], [], [], DEADLINE_S)[0], "it waits for ever"
        return self.process.stdout.readline().decode().strip()

    def leave(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        assert self.line() == "left"

    @property
    def waits(self):
        """Whether the process sleeps in the kernel's wait for a file lock."""
        wait = Path(f"/proc/{self.process.pid}/wchan")
        while self.process.poll() is None:
            if select.select([self.process.stdout], [], [], 0)[0]:
                return False
            if "lock" in wait.read_text():
                return True
        raise AssertionError("the process ended")


@pytest.fixture
def hold(tmp_path):
    """Start a holder; all of them lock a machine of the test's own."""
    started = []

    def start(kind, path="", umask="022", user=None):
        user = os.getuid() if user is None else user
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, kind, str(path), umask, str(user)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={
                **os.environ,
                "PYTHONPATH": str(WORKFLOW),
                "RETABLE_MACHINE_LOCK": str(tmp_path / "machine.lock"),
            },
        )
        started.append(process)
        return Holder(process)

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_steps_share_the_machine(hold):
    first, second = hold("machine_shared"), hold("machine_shared")
    assert (first.line(), second.line()) == ("holds", "holds")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("machine_shared", "machine_exclusive"),
        ("machine_exclusive", "machine_shared"),
        ("machine_exclusive", "machine_exclusive"),
    ],
)
def test_timing_waits_for_steps_and_steps_for_timing(hold, first, second):
    holds = hold(first)
    assert holds.line() == "holds"
    waits = hold(second)
    assert waits.waits
    holds.leave()
    assert waits.line() == "holds"


def test_timing_waits_for_the_last_of_the_steps(hold):
    steps = [hold("machine_shared"), hold("machine_shared")]
    assert [step.line() for step in steps] == ["holds", "holds"]
    timing = hold("machine_exclusive")
    steps[0].leave()
    assert timing.waits
    steps[1].leave()
    assert timing.line() == "holds"


def test_a_killed_holder_holds_no_longer(hold):
    killed = hold("machine_exclusive")
    assert killed.line() == "holds"
    waits = hold("machine_exclusive")
    assert waits.waits
    killed.process.kill()
    assert waits.line() == "holds"


def test_locks_of_two_artifacts_are_two(hold, tmp_path):
    first = hold("exclusive", tmp_path / "new" / ".a.lock")
    second = hold("exclusive", tmp_path / "new" / ".b.lock")
    assert (first.line(), second.line()) == ("holds", "holds")
    third = hold("exclusive", tmp_path / "new" / ".a.lock")
    assert third.waits
    first.leave()
    assert third.line() == "holds"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
def test_another_user_takes_part(hold, tmp_path):
    """What one user made, whatever the umask, another one locks."""
    mine = hold("machine_exclusive", umask="077")
    assert mine.line() == "holds"
    for folder in tmp_path.parents:  # pytest's, which are private
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    tmp_path.chmod(0o1777)
    theirs = hold("machine_exclusive", user=65534)
    assert theirs.waits
    mine.leave()
    assert theirs.line() == "holds"
