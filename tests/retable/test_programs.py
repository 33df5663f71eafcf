"""Real programs that talk: lines to them, lines from them, and what stays between."""

import sys
from pathlib import Path

import pytest
from live_processes import alive, gone

from retable.processes import Program

DEADLINE_S = 60
SHORT_S = 0.2  # of waiting for what does not come


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "x.log"


def talking(code: str, log: Path) -> Program:
    """Python that talks; `say` and `hear` are its ends of the pipes."""
    ends = (
        "import sys\n"
        "def say(text): sys.stdout.write(text); sys.stdout.flush()\n"
        "def hear(): return sys.stdin.readline().strip()\n"
    )
    return Program([sys.executable, "-c", ends + code], log, talks=True)


def test_lines_go_to_and_fro(log):
    code = "for _ in range(2): say('heard ' + hear() + '\\n')"
    with talking(code, log) as program:
        for word in ("one", "two"):
            program.say(word)
            assert program.hear(DEADLINE_S) == f"heard {word}"
        assert program.wait(DEADLINE_S).code == 0


def test_half_a_line_is_none_and_is_not_lost(log):
    with talking("say('{\"enough'); hear(); say('\": true}\\nnext\\n')", log) as program:
        assert program.hear(SHORT_S) is None
        program.say("go on")
        assert program.hear(DEADLINE_S) == '{"enough": true}'


def test_two_lines_at_once_are_heard_one_after_the_other(log):
    with talking("say('one\\ntwo\\n'); hear()", log) as program:
        assert [program.hear(DEADLINE_S), program.hear(DEADLINE_S)] == ["one", "two"]


def test_a_line_that_was_heard_along_is_there_without_waiting(log):
    with talking("say('one\\ntwo\\n'); hear()", log) as program:
        program.hear(DEADLINE_S)
        assert program.hear(0) == "two"


def test_a_program_that_says_nothing_is_not_waited_for_longer_than_asked(log):
    with talking("hear()", log) as program:
        assert program.hear(SHORT_S) is None


@pytest.mark.parametrize("last", ["", "say('no end of lin')"])
def test_a_program_that_has_ended_says_nothing_more(log, last):
    """At once: a hundred such questions would take hours if each waited its time."""
    with talking(f"say('last\\n'); {last}", log) as program:
        assert program.hear(DEADLINE_S) == "last"
        assert [program.hear(DEADLINE_S) for _ in range(100)] == [None] * 100


def test_nothing_happens_when_a_program_that_has_ended_is_told_something(log):
    with talking("", log) as program:
        assert program.hear(DEADLINE_S) is None
        assert program.wait(DEADLINE_S).code == 0
        for _ in range(100):
            program.say("x" * 10_000)


def test_a_long_line_comes_whole(log):
    with talking("say('x' * 1_000_000 + '\\n' + 'y\\n')", log) as program:
        assert program.hear(DEADLINE_S) == "x" * 1_000_000
        assert program.hear(DEADLINE_S) == "y"


def test_much_in_the_log_does_not_keep_it_from_answering(log):
    code = "sys.stderr.write('x' * 1_000_000); sys.stderr.flush(); say('done\\n')"
    with talking(code, log) as program:
        assert program.hear(DEADLINE_S) == "done"
    assert log.stat().st_size == 1_000_000


def test_what_it_says_is_not_logged_and_what_it_complains_of_is(log):
    with talking("say('said\\n'); sys.stderr.write('complained\\n')", log) as program:
        assert program.hear(DEADLINE_S) == "said"
        assert program.wait(DEADLINE_S).last_lines == "complained"
    assert log.read_text() == "complained\n"


def test_what_is_no_text_is_a_line_all_the_same(log):
    code = "sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()"
    with talking(code, log) as program:
        assert program.hear(DEADLINE_S) == "\ufffd\ufffd"


def test_at_the_end_of_its_block_it_is_gone_with_its_children(log):
    code = (
        "import os, signal, subprocess; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\n"
        "say(f'{os.getpid()} {child.pid}\\n'); hear()"
    )
    with talking(code, log) as program:
        pids = [int(word) for word in program.hear(DEADLINE_S).split()]
        assert all(alive(pid) for pid in pids)
    assert all(gone(pid) for pid in pids)  # the child is init's to bury
