"""Jobs that are under way: what is asked of them, and what they leave."""

import tempfile
from pathlib import Path

import pytest
from null_launches import NullLaunches

from retable.errors import RetableError

DEADLINE_S = 60


@pytest.fixture
def launches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NullLaunches:
    """Launches whose job files lie in a folder of the test's own."""
    (tmp_path / "jobs").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "jobs"))
    return NullLaunches(tmp_path)


def test_a_job_answers_what_it_is_asked_and_leaves_a_result(launches: NullLaunches) -> None:
    with launches.start(turns=2) as running:
        assert running.ask(None, DEADLINE_S) == {"loaded": True}
        assert running.ask("warm", DEADLINE_S) == {"ready": True}
        assert running.ask("turn", DEADLINE_S) == {"enough": False}
        assert running.ask("turn", DEADLINE_S) == {"enough": True}
        assert running.ask("finish", DEADLINE_S) == {"finished": True}
        running.tell("end")
        result = running.result(DEADLINE_S)
    assert (result.outcome, result.reason) == ("ok", None)
    assert [turn["samples"] for turn in result.facts["turns"]] == [2, 2]


def test_a_job_that_ended_does_not_answer_and_says_how_it_ended(launches: NullLaunches) -> None:
    with launches.start(fail="crash") as running:
        assert running.ask(None, DEADLINE_S) == {"loaded": True}
        assert running.ask("warm", DEADLINE_S) is None
        assert running.ask("turn", DEADLINE_S) is None
        result = running.result(DEADLINE_S)
    assert result.outcome == "crashed"
    assert result.reason.startswith("SIGABRT")


def test_a_job_that_does_not_answer_in_time_has_none_and_timed_out(launches: NullLaunches) -> None:
    with launches.start(fail="hang") as running:
        assert running.ask(None, DEADLINE_S) == {"loaded": True}
        assert running.ask("warm", 0.2) is None
        result = running.result(0.2)
    assert result.outcome == "timeout"


def test_a_jobs_files_go_with_it(launches: NullLaunches, tmp_path: Path) -> None:
    with launches.start() as running:
        running.ask(None, DEADLINE_S)
        (folder,) = (tmp_path / "jobs").iterdir()
        assert (folder / "job.json").is_file()
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_job_that_is_refused_is_an_error_and_no_outcome(launches: NullLaunches) -> None:
    Path(launches.job(turns=2).sample.path).write_bytes(b"another file")
    with launches.start() as running, pytest.raises(RetableError, match="a job file was refused"):
        assert running.ask(None, DEADLINE_S) is None
        running.result(DEADLINE_S)
