"""Running a job in an environment of this machine: it takes no more memory than it may."""

import argparse
import os
import sys
from pathlib import Path

import pytest

from retable import entering
from retable.jobs.native import NativeJob
from retable.records import Record

GIGABYTE = 2**30


@pytest.fixture
def given(tmp_path: Path) -> argparse.Namespace:
    """The arguments of a step that enters this interpreter as it stands."""
    facts = {"python": sys.executable, "identity": "this", "settings": {}}
    record = Record(
        step="environment",
        subject={"environment": "dev", "runtime": "host"},
        outcome="ok",
        reason=None,
        artifacts={},
        facts=facts,
        versions={},
        seconds=0,
    )
    path = tmp_path / "dev.json"
    path.write_text(record.model_dump_json(by_alias=True))
    return argparse.Namespace(environment=path, log=tmp_path / "log")


def native_job(folder: Path, classes: int) -> NativeJob:
    return NativeJob(
        exporter="null",
        options={"classes": classes},
        weights="random",
        fetched={},
        seed=0,
        folder=str(folder),
    )


@pytest.mark.parametrize(("classes", "outcome"), [(19, "ok"), (10**8, "out_of_memory")])
def test_a_job_that_wants_more_than_its_share_of_the_memory_ends(
    given, tmp_path, monkeypatch, classes, outcome
):
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(entering, "MEMORY_SHARE", 1.0001 * GIGABYTE / memory)
    result = entering.exported(given, native_job(tmp_path / "native", classes))
    assert result.outcome == outcome, result.reason
    if outcome == "out_of_memory":
        assert result.reason.endswith("(a job may take 1024 MiB here)")
