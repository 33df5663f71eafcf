"""A launch that a session conducts: real processes at the other end of two pipes."""

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from retable_runner import conversation

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
DEADLINE_S = 60


class Conducted:
    """A process that talks, and what it says."""

    def __init__(self, command, environment):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0
        )

    def ask(self, command=None):
        """Send a command, if any; return the reply."""
        if command is not None:
            self.process.stdin.write(command.encode() + b"\n")
        readable, _, _ = select.select([self.process.stdout], [], [], DEADLINE_S)
        assert readable, "no reply"
        return json.loads(self.process.stdout.readline())

    def ended(self):
        """Let it end; return all that it still said, and what stood on its stderr."""
        return self.process.communicate(timeout=DEADLINE_S)


@contextlib.contextmanager
def conducted(command):
    """Start it; it does not outlive the test."""
    started = Conducted(command, {**os.environ, "PYTHONPATH": str(WORKFLOW)})
    with started.process:
        try:
            yield started
        finally:
            started.process.kill()


@pytest.fixture
def launch(runner, null_engine, sample):
    """A launch of the null backend, loaded."""
    job = {**runner.launch_job("null", null_engine, sample), "conducted": True}
    runner.result_path.unlink()
    with conducted(runner.command(job)) as started:
        assert started.ask() == {"loaded": True}
        yield started


@pytest.fixture
def warm(launch):
    """The same, warm."""
    assert launch.ask("warm") == {"ready": True}
    return launch


def result_of(runner):
    return json.loads(runner.result_path.read_text())


def finish(launch):
    """Tell it to finish, and to end; return what it said behind that."""
    assert launch.ask("finish") == {"finished": True}
    launch.process.stdin.write(b"end\n")
    return launch.ended()[0]


def test_a_launch_takes_turns_until_it_is_told_to_finish(runner, warm):
    replies = [warm.ask("turn") for _ in range(8)]
    assert all(set(reply) == {"enough"} for reply in replies)
    assert replies[0] == {"enough": False}  # 10 samples are asked for, and a turn has some 2
    assert replies[-1] == {"enough": True}
    assert finish(warm) == b""
    assert warm.process.returncode == 0
    facts = result_of(runner)["facts"]
    assert len(facts["turns"]) == 8
    assert sum(turn["samples"] for turn in facts["turns"]) == facts["iterations"]


def test_a_launch_measures_nothing_without_a_turn(runner, warm):
    warm.ask("turn")
    finish(warm)
    assert len(result_of(runner)["facts"]["turns"]) == 1


@pytest.mark.parametrize("told", [[], ["warm"], ["warm", "turn"], ["warm", "turn", "finish"]])
def test_a_launch_ends_when_its_session_is_gone(runner, launch, told):
    for command in told:
        launch.ask(command)
    launch.process.stdin.close()
    launch.process.wait(DEADLINE_S)
    left = result_of(runner)
    assert (left["outcome"], left["reason"]) == (
        "crashed",
        "the session that conducts this launch is gone",
    )


def test_a_launch_ends_when_nobody_hears_its_replies(launch):
    launch.process.stdout.close()
    launch.process.stdin.write(b"warm\n")
    launch.process.wait(DEADLINE_S)


PRINTS = """
import os, sys
from retable_runner import conversation
print("before")
talk = conversation.opened(True)
print("a library's banner", flush=True)
os.write(1, b"from C, {\\n")
os.system("echo from a child")
talk.say(ready=True)
print("not flushed")
assert talk.hear() == "turn"
print("and after", flush=True)
talk.say(enough=False)
"""


def test_what_libraries_print_does_not_get_among_the_replies():
    with conducted([sys.executable, "-c", PRINTS]) as started:
        assert started.process.stdout.readline() == b"before\n"
        assert started.ask() == {"ready": True}
        assert started.ask("turn") == {"enough": False}
        rest, printed = started.ended()
    assert rest == b""
    lines = printed.decode().splitlines()
    assert {"a library's banner", "from C, {", "from a child", "not flushed"} <= set(lines)


def test_alone_turn_follows_turn_until_there_is_enough():
    talk = conversation.opened(False)
    heard = []
    replies = [
        *({"loaded": True}, {"ready": True}, {"enough": False}, {"enough": True}),
        {"finished": True},
    ]
    for reply in replies:
        talk.say(**reply)
        heard.append(talk.hear())
    assert heard == ["warm", "turn", "turn", "finish", "end"]


def test_a_watch_tells_what_it_saw_until_it_is_told_to_finish(runner):
    job = {"schema": "retable/watch-job/1", "interval_ms": 20}
    with conducted(runner.command(job)) as started:
        assert started.ask() == {"ready": True}
        started.process.stdin.write(b"finish\n")
        started.ended()
    seen = result_of(runner)["facts"]["telemetry"]
    assert seen["reason"] is None
    assert seen["interval_ms"] == 20
    for source in seen["sources"].values():
        assert source["rows"] or source["reason"]


def test_a_watch_ends_when_its_session_is_gone(runner):
    with conducted(runner.command({"schema": "retable/watch-job/1", "interval_ms": 20})) as started:
        assert started.ask() == {"ready": True}
        started.process.stdin.close()
        started.process.wait(DEADLINE_S)
    assert result_of(runner)["outcome"] == "crashed"
