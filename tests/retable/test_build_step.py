"""The verb `build`: an engine is kept as long as it is the one wanted and whole, and no longer."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retable.files import artifact
from retable.records import Record, is_damaged, read_record
from retable.steps import build

WORKFLOW = Path(__file__).parents[2] / "workflow"
MACHINE = {"architecture": "x86_64", "cpu": "a CPU", "gpu": "a GPU, 8.6", "driver": "535.104.05"}
TRUE = {"available": True, "versions": {"null": "1.0"}}

# Stands in for TensorRT, whose builds leave timings to the next: each adds a line of its own.
TIMES_TACTICS = """
import os
from retable_runner.backends import null

def versions():
    return {}

def build(sources, precision, options, folder):
    files, facts = null.build(sources, precision, options, folder)
    files["timing_cache"] = os.path.join(folder, "timings.cache")
    before = open(sources["timing_cache"]).read() if "timing_cache" in sources else ""
    with open(files["timing_cache"], "w") as stream:
        stream.write(before + "timed\\n")
    return files, facts
"""


class Builds:
    """Builds of one engine of the null backend, in a folder of the test's own."""

    output = Path("results/dev/engines/m/8x8/none/fp32/null.json")
    timings = Path("results/dev/engines/null.timings")

    def __init__(self) -> None:
        self.packages: str | None = None  # retable's, if not those of this checkout
        self.words = {"--code": "c", "--options": "{}", "--precision": "fp32", "--backend": "null"}
        self.facts: dict[str, Any] = {
            "python": sys.executable,
            "identity": "i",
            "settings": {},
            "machine": dict(MACHINE),
            "backends": {"null": TRUE},
        }
        self.onnx("a graph")

    def onnx(self, content: str) -> None:
        Path("m.onnx").write_text(content)
        self._record("source.json", {"onnx": artifact(Path("m.onnx"))}, {})

    def _record(self, path: str, artifacts: dict[str, Any], facts: dict[str, Any]) -> None:
        made = Record(
            step="test",
            subject={"environment": "e", "runtime": "host"},
            outcome="ok",
            reason=None,
            artifacts=artifacts,
            facts=facts,
            versions={},
            seconds=0,
        )
        Path(path).write_text(json.dumps(made.model_dump(by_alias=True)))

    def build(self) -> Record:
        self._record("environment.json", {}, self.facts)
        paths = {
            "--player": "null",
            "--timings": str(self.timings),
            "--source": "source.json",
            "--environment": "environment.json",
            "--output": str(self.output),
            "--log": "log",
        }
        words = [word for pair in {**self.words, **paths}.items() for word in pair]
        if self.packages:
            command = [sys.executable, "-m", "retable", "build", *words]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": self.packages})
        else:
            options = argparse.ArgumentParser()
            build.arguments(options)
            build.run(options.parse_args(words))
        record = read_record(self.output)
        assert record.outcome == "ok", record.reason
        return record


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builds:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETABLE_MACHINE_LOCK", str(tmp_path / "machine.lock"))
    return Builds()


def engine_of(record: Record) -> Path:
    return Path(record.artifacts["engine"].path)


def test_an_engine_that_is_wanted_and_whole_is_kept(builds: Builds) -> None:
    first = builds.build()
    made = engine_of(first).stat().st_ino
    second = builds.build()
    assert (first.facts["cached"], second.facts["cached"]) == (False, True)
    assert second.artifacts == first.artifacts
    assert engine_of(second).stat().st_ino == made


def word(name: str, value: str) -> Callable[[Builds], None]:
    return lambda builds: builds.words.update({name: value})


def fact(name: str, value: object) -> Callable[[Builds], None]:
    return lambda builds: builds.facts.update({name: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda builds: builds.onnx("another graph"),
        word("--precision", "fp16"),
        word("--options", '{"compute_capability": "8.9"}'),
        word("--options", '{"workspace_mib": 16}'),
        word("--code", "another digest"),
        fact("identity", "another lock"),
        fact("machine", {**MACHINE, "gpu": "another GPU, 8.6"}),
        fact("machine", {**MACHINE, "gpu": "a GPU, 8.9"}),
        fact("machine", {**MACHINE, "driver": "580.65.06"}),
        fact("backends", {"null": {"available": True, "versions": {"null": "1.1"}}}),
    ],
    ids=[
        "graph",
        "precision",
        "target",
        "workspace",
        "code",
        "lock",
        "gpu",
        "capability",
        "driver",
        "library",
    ],
)
def test_an_engine_of_another_identity_is_built_again(
    builds: Builds, change: Callable[[Builds], None]
) -> None:
    first = builds.build()
    change(builds)
    second = builds.build()
    assert second.facts["cached"] is False
    assert second.facts["identity"] != first.facts["identity"]


def test_another_librarys_version_is_none_of_an_engines(builds: Builds) -> None:
    first = builds.build()
    builds.facts["backends"] = {"null": TRUE, "openvino": {"available": False, "reason": "gone"}}
    assert builds.build().facts["identity"] == first.facts["identity"]


def truncate(engine: Path) -> None:
    engine.write_bytes(engine.read_bytes()[:10])


def change_a_byte(engine: Path) -> None:
    content = bytearray(engine.read_bytes())
    content[3] ^= 1
    engine.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, change_a_byte, Path.unlink])
def test_a_damaged_engine_is_built_again(builds: Builds, damage: Callable[[Path], None]) -> None:
    first = builds.build()
    damage(engine_of(first))
    second = builds.build()
    assert second.facts["cached"] is False
    assert second.artifacts == first.artifacts
    assert artifact(engine_of(second)) == first.artifacts["engine"]


@pytest.mark.parametrize("damage", [truncate, Path.unlink])
def test_a_record_tells_that_its_engine_is_damaged(
    builds: Builds, damage: Callable[[Path], None]
) -> None:
    assert not is_damaged(builds.output)  # there is none
    record = builds.build()
    assert not is_damaged(builds.output)
    damage(engine_of(record))
    assert is_damaged(builds.output)


def test_timings_are_left_to_the_next_build_and_are_no_part_of_the_engine(
    builds: Builds, tmp_path: Path
) -> None:
    builds.packages = str(tmp_path / "workflow")
    shutil.copytree(WORKFLOW, builds.packages)
    Path(builds.packages, "retable_runner", "backends", "timing.py").write_text(TIMES_TACTICS)
    builds.words["--backend"] = "timing"
    first = builds.build()
    assert set(first.artifacts) == {"engine"}
    assert builds.timings.read_text() == "timed\n"
    builds.words["--code"] = "another digest"
    assert builds.build().facts["cached"] is False
    assert builds.timings.read_text() == "timed\ntimed\n"
    assert sorted(path.name for path in builds.output.parent.iterdir()) == ["null", "null.json"]
    assert sorted(path.name for path in (builds.output.parent / "null").iterdir()) == [
        "built.json",
        "engine.json",
    ]
