"""The runtime adb: jobs beside a phone's cable, and what becomes of one that was pulled."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import phone_stand_in
from phone_stand_in import Adb, Phone
from retable import places
from retable.config.budget import BUDGETS
from retable.config.device import PhoneSettings
from retable.contract import Artifact
from retable.errors import ConnectionLost
from retable.files import artifact
from retable.jobs.launch import LaunchJob
from retable.jobs.probe import ProbeJob
from retable.jobs.watch import WatchJob
from retable.places import Place, run_job
from retable.runtimes import Prepared, runtime

SHAPE = (1, 3, 4, 4)
DEADLINE_S = 120


@pytest.fixture
def place(phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The interpreter of the tests, beside the phone; in a working folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "PAUSES_S", (0.0, 0.0))
    prepared = Prepared(sys.executable, "i")
    return runtime("adb", "x").enter(prepared, PhoneSettings(serial=phone.serial))


@pytest.fixture
def job(tmp_path: Path) -> LaunchJob:
    np.savez(tmp_path / "sample.npz", image=np.zeros(SHAPE, "f4"))
    (tmp_path / "benchmark_bin").write_text(phone_stand_in.PROGRAM)
    (tmp_path / "engine.nb").write_bytes(b"an engine")
    quick = BUDGETS["quick"]
    return LaunchJob(
        backend="paddlelite",
        engine={
            "engine": _relative(tmp_path, "engine.nb"),
            "program": _relative(tmp_path, "benchmark_bin"),
        },
        sample=_relative(tmp_path, "sample.npz"),
        post="none",
        options={"threads": 2, "repeats": 50, "warmup": 50},
        warmup=quick.warmup,
        turn=quick.turn,
        measure=quick.measure,
        conducted=False,
    )


def _relative(folder: Path, name: str) -> Artifact:
    return artifact(folder / name).model_copy(update={"path": name})


def test_a_probe_tells_what_the_phone_is(place: Place, phone: Phone, tmp_path: Path) -> None:
    result = run_job(
        place, "retable_runner", ProbeJob(), log=tmp_path / "log", timeout_s=DEADLINE_S
    )
    assert result.outcome == "ok", result.reason
    machine = result.facts["machine"]
    assert machine["board"] == "Nobody Stand-in"
    assert machine["cpu"] == "kirin980"
    assert machine["os"] == "Android 10"
    assert machine["affinity"] is None
    assert result.facts["phone"] == {"serial": phone.serial}
    assert result.facts["backends"]["paddlelite"]["versions"]["adb"].startswith("1.0.")


def test_a_launch_is_timed_on_the_phone(place: Place, job: LaunchJob, tmp_path: Path) -> None:
    result = run_job(place, "retable_runner", job, log=tmp_path / "log", timeout_s=DEADLINE_S)
    assert result.outcome == "ok", result.reason
    assert result.samples == {"latency_run": [48.24]}


def test_a_phone_is_not_watched(place: Place, tmp_path: Path) -> None:
    result = run_job(
        place,
        "retable_runner",
        WatchJob(interval_ms=200),
        log=tmp_path / "log",
        timeout_s=DEADLINE_S,
    )
    assert result.outcome == "unsupported"
    assert str(result.reason).startswith("a phone is not watched")


def test_a_phone_that_is_lost_and_comes_back_is_asked_again(
    place: Place,
    job: LaunchJob,
    phone: Phone,
    adb: Adb,
    tmp_path: Path,
    monkeypatch,
) -> None:
    phone.leaves_at = "./benchmark_bin"

    def mended(_: float) -> None:
        phone.leaves_at = None
        adb.run("connect", phone.serial)

    monkeypatch.setattr(places, "time", SimpleNamespace(sleep=mended))
    result = run_job(place, "retable_runner", job, log=tmp_path / "log", timeout_s=DEADLINE_S)
    assert (result.outcome, result.reason) == ("ok", None)
    assert sum("./benchmark_bin" in one for one in phone.commands) == 3  # lost; tried, timed


def test_a_phone_that_is_away_for_a_whole_attempt_is_asked_again(
    place: Place,
    job: LaunchJob,
    phone: Phone,
    adb: Adb,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    phone.leaves_at = "./benchmark_bin"
    pauses = []

    def paused(seconds: float) -> None:
        pauses.append(seconds)
        phone.leaves_at = None
        adb.run("disconnect" if len(pauses) == 1 else "connect", phone.serial)

    monkeypatch.setattr(places, "time", SimpleNamespace(sleep=paused))
    result = run_job(place, "retable_runner", job, log=tmp_path / "log", timeout_s=DEADLINE_S)
    assert (result.outcome, result.reason) == ("ok", None)
    assert len(pauses) == 2


def test_a_launch_is_on_the_phone_that_was_probed_and_on_no_other(
    job: LaunchJob,
    place: Place,
    phone: Phone,
    adb: Adb,
    tmp_path: Path,
) -> None:
    facts = {"phone": {"serial": "another"}, "settings": {"serial": None}}
    probed = runtime("adb", "x").enter(Prepared(sys.executable, "i", facts), PhoneSettings())
    result = run_job(probed, "retable_runner", job, log=tmp_path / "log", timeout_s=DEADLINE_S)
    assert result.outcome == "unavailable"
    assert str(result.reason).startswith(f"the phone another is not there: adb sees {phone.serial}")
    assert not any("benchmark_bin" in one for one in phone.commands)


def test_a_phone_that_is_lost_each_time_is_unavailable(
    place: Place,
    job: LaunchJob,
    phone: Phone,
    adb: Adb,
    tmp_path: Path,
    monkeypatch,
) -> None:
    phone.leaves_at = "./benchmark_bin"
    pause = SimpleNamespace(sleep=lambda _: adb.run("connect", phone.serial))
    monkeypatch.setattr(places, "time", pause)
    result = run_job(place, "retable_runner", job, log=tmp_path / "log", timeout_s=DEADLINE_S)
    assert result.outcome == "unavailable"
    assert str(result.reason).startswith(f"the phone {phone.serial} was lost in mid-run")
    assert sum("./benchmark_bin" in one for one in phone.commands) == 3


def test_a_session_learns_that_a_phone_was_lost(
    place: Place,
    job: LaunchJob,
    phone: Phone,
    tmp_path: Path,
) -> None:
    phone.leaves_at = "./benchmark_bin"
    with (
        place.opened("shared", log=tmp_path / "log") as workspace,
        workspace.start("retable_runner", job, log=tmp_path / "log") as running,
        pytest.raises(ConnectionLost, match="was lost in mid-run"),
    ):
        running.result(DEADLINE_S)


def test_without_adb_it_is_unavailable_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    nobody = runtime("adb", "x").enter(Prepared(sys.executable, "i"), PhoneSettings())
    result = run_job(
        nobody, "retable_runner", ProbeJob(), log=tmp_path / "log", timeout_s=DEADLINE_S
    )
    assert result.outcome == "unavailable"
    assert result.reason == ("no adb on the PATH: install Android's platform tools (Debian: adb)")


def test_without_a_phone_it_is_unavailable(
    adb: Adb,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    nobody = runtime("adb", "x").enter(Prepared(sys.executable, "i"), PhoneSettings())
    result = run_job(
        nobody, "retable_runner", ProbeJob(), log=tmp_path / "log", timeout_s=DEADLINE_S
    )
    assert result.outcome == "unavailable"
    assert result.reason == "adb sees no phone: plug one in, with USB debugging switched on"
