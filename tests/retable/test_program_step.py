"""The verb `program`: a published program is trusted from its first fetch on, one's own is not."""

import argparse
from pathlib import Path

import pytest

from retable.config.device import Program
from retable.config.entry import parse_entry
from retable.errors import RetableError
from retable.files import sha256_of
from retable.records import Record, read_record
from retable.steps import program

NOWHERE = "http://127.0.0.1:9/programs/benchmark_bin"  # the port that discards: nobody listens
OUTPUT = Path("results/dev/programs/player.json")


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def brought(wanted: Program, mirror: Path | None = None) -> Record:
    parser = argparse.ArgumentParser()
    program.arguments(parser)
    words = ["--device", "dev", "--player", "player", "--program", wanted.model_dump_json()]
    words += ["--output", str(OUTPUT), "--log", "log"]
    words += ["--mirror", str(mirror)] if mirror else []
    program.run(parser.parse_args(words))
    return read_record(OUTPUT)


def content(record: Record) -> str:
    made = record.artifacts["program"]
    assert made.sha256 == sha256_of(Path(made.path))
    return Path(made.path).read_text()


def test_ones_own_program_is_taken_as_it_is_each_time(tmp_path: Path) -> None:
    own = tmp_path / "benchmark_bin"
    for text in ("one", "built anew"):
        own.write_text(text)
        record = brought(Program(path=str(own)))
        assert record.outcome == "ok"
        assert record.facts == {"path": str(own)}
        assert content(record) == text
    own.unlink()
    assert content(read_record(OUTPUT)) == "built anew"  # what was timed stays


def test_ones_own_program_and_the_published_one_are_kept_apart(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "benchmark_bin").write_text("published")
    (tmp_path / "benchmark_bin").write_text("one's own")
    assert content(brought(Program(path="benchmark_bin"))) == "one's own"
    assert content(brought(Program(url=NOWHERE), mirror)) == "published"
    assert content(brought(Program(path="benchmark_bin"))) == "one's own"
    (mirror / "benchmark_bin").write_text("no longer the same")
    assert content(brought(Program(url=NOWHERE), mirror)) == "published"


def test_a_program_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(RetableError) as caught:
        brought(Program(path="none"))
    assert str(caught.value) == (
        "config/devices/dev.yaml: backends.player.program.path: none: no such file"
    )
    assert not OUTPUT.exists()


def test_a_program_whose_host_does_not_have_it_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    record = brought(Program(url=NOWHERE), tmp_path / "mirror")
    assert record.outcome == "unavailable"
    assert str(record.reason).startswith("config/devices/dev.yaml: backends.player.program.url: ")
    assert "no such file" in str(record.reason)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "give url, or path"),
        ({"url": NOWHERE, "path": "x"}, "give url, or path"),
        ({"path": "x", "checksum": "sha256:0"}, "checksum belongs to url"),
    ],
)
def test_a_program_is_one_file(said: dict[str, str], words: str) -> None:
    with pytest.raises(RetableError, match=words):
        parse_entry(Program, said, "config/devices/dev.yaml")
