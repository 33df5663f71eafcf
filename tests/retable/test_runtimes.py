"""Environments: made once, remade when their lock changes, and never met half made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from retable.errors import RetableError
from retable.jobs.probe import ProbeJob
from retable.places import run_job
from retable.runtimes import Nothing, host, names, runtime, venv

WORKFLOW = Path(__file__).parents[2] / "workflow"
PYTHON = Path("results/environments/venv/tiny/bin/python")
IMPORTS_SIX = "import six, sys; print(six.__version__, sys.prefix)"
NOTHING = Nothing()
PREPARES = (
    "import sys; from pathlib import Path; from retable.runtimes import venv\n"
    "from retable.runtimes import Nothing\n"
    "sys.stdin.readline()\n"
    "print(venv.prepare('tiny', Nothing(), Path(sys.argv[1])).identity)"
)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout, as the working folder, with an environment of one small package."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "containers" / "tiny" / "requirements.lock"
    path.parent.mkdir(parents=True)
    path.write_text("six==1.17.0\n")
    return path


def made() -> list[str]:
    """What lies where environments are made."""
    return sorted(path.name for path in venv.FOLDER.iterdir())


def says(python: str | Path, code: str) -> str:
    return subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_runtimes_are_the_files_of_the_folder() -> None:
    assert {"host", "venv"} <= set(names())
    assert runtime("venv", "x") is venv


@pytest.mark.parametrize("name", ["abd", "vnev", "__init__"])
def test_an_unknown_runtime_names_the_file_and_what_there_is(name: str) -> None:
    with pytest.raises(RetableError) as caught:
        runtime(name, "config/devices/x.yaml")
    assert str(caught.value) == (
        f"config/devices/x.yaml: runtime {name!r} does not exist in this version of retable "
        f"(there are: {', '.join(names())})"
    )


def test_the_host_is_this_interpreter_and_its_packages(tmp_path: Path) -> None:
    host.check("x", NOTHING)
    prepared = host.prepare("host", NOTHING, tmp_path / "log")
    assert prepared.python == sys.executable
    assert prepared == host.prepare("another", NOTHING, tmp_path / "log")
    assert len(prepared.identity) == 64


def test_a_package_more_is_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = host.prepare("host", NOTHING, tmp_path / "log").identity
    (tmp_path / "more-1.0.dist-info").mkdir()
    (tmp_path / "more-1.0.dist-info" / "METADATA").write_text("Name: more\nVersion: 1.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert host.prepare("host", NOTHING, tmp_path / "log").identity != before


def test_a_job_runs_on_the_host(tmp_path: Path) -> None:
    place = host.enter(host.prepare("host", NOTHING, tmp_path / "log"), NOTHING)
    result = run_job(place, "retable_runner", ProbeJob(), log=tmp_path / "log", timeout_s=60)
    assert result.outcome == "ok"
    assert result.facts["machine"]["cores"] >= 1


def test_an_interpreter_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    place = venv.enter(venv.Prepared(str(tmp_path / "gone" / "python"), "x"), NOTHING)
    with pytest.raises(RetableError, match=r"gone/python could not be started: No such file"):
        run_job(place, "retable_runner", ProbeJob(), log=tmp_path / "log", timeout_s=60)


def test_an_environment_without_a_lock_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RetableError, match=r"^containers/tiny/requirements.lock: no such file;"):
        venv.prepare("tiny", NOTHING, tmp_path / "log")


@pytest.mark.real
def test_an_environment_is_made_once(lock: Path, tmp_path: Path) -> None:
    prepared = venv.prepare("tiny", NOTHING, tmp_path / "log")
    assert prepared.python == str(PYTHON)
    version, prefix = says(PYTHON, IMPORTS_SIX).split(" ", 1)
    assert version == "1.17.0"
    assert Path(prefix).resolve() == (venv.FOLDER / "tiny").resolve()
    marker = (venv.FOLDER / "tiny" / "retable-identity").stat()
    assert venv.prepare("tiny", NOTHING, tmp_path / "log") == prepared
    again = (venv.FOLDER / "tiny" / "retable-identity").stat()
    assert (again.st_ino, again.st_mtime_ns) == (marker.st_ino, marker.st_mtime_ns)
    assert made() == [".tiny.lock", "tiny"]


@pytest.mark.real
def test_a_changed_lock_makes_it_anew(lock: Path, tmp_path: Path) -> None:
    first = venv.prepare("tiny", NOTHING, tmp_path / "log")
    lock.write_text("six==1.16.0\n")
    second = venv.prepare("tiny", NOTHING, tmp_path / "log")
    assert second.identity != first.identity
    assert says(PYTHON, IMPORTS_SIX).startswith("1.16.0 ")
    assert made() == [".tiny.lock", "tiny"]


@pytest.mark.real
def test_packages_without_their_requirements_and_a_repair(lock: Path, tmp_path: Path) -> None:
    """`no-deps.lock` follows no requirement; `prepare.py` runs inside, after both locks."""
    before = venv.prepare("tiny", NOTHING, tmp_path / "log").identity
    lock.with_name("no-deps.lock").write_text("python-dateutil==2.9.0.post0\n")
    lock.write_text("packaging==24.2\n")
    prepare = lock.with_name("prepare.py")
    prepare.write_text(
        "from pathlib import Path\n"
        "import dateutil, packaging\n"
        "(Path(dateutil.__file__).parent.parent / 'six.py').write_text('repaired = True')\n"
    )
    prepared = venv.prepare("tiny", NOTHING, tmp_path / "log")
    assert prepared.identity != before
    assert says(PYTHON, "import six; print(six.repaired)") == "True"
    prepare.write_text(prepare.read_text().replace("True", "False"))
    assert venv.prepare("tiny", NOTHING, tmp_path / "log").identity != prepared.identity
    assert says(PYTHON, "import six; print(six.repaired)") == "False"


@pytest.mark.real
def test_a_repair_that_fails_is_one_sentence_and_leaves_nothing(lock: Path, tmp_path: Path) -> None:
    lock.with_name("prepare.py").write_text("raise SystemExit('no such package')")
    with pytest.raises(RetableError) as caught:
        venv.prepare("tiny", NOTHING, tmp_path / "log")
    assert str(caught.value) == (
        f"containers/tiny/prepare.py: exit status 1: no such package (all of it: {tmp_path}/log)"
    )
    assert made() == [".tiny.lock"]


@pytest.mark.real
def test_half_an_environment_is_made_anew(lock: Path, tmp_path: Path) -> None:
    """One whose marker is missing was not made by us, or not to its end."""
    venv.prepare("tiny", NOTHING, tmp_path / "log")
    (venv.FOLDER / "tiny" / "retable-identity").unlink()
    (venv.FOLDER / "tiny" / "stray").touch()
    venv.prepare("tiny", NOTHING, tmp_path / "log")
    assert not (venv.FOLDER / "tiny" / "stray").exists()


@pytest.mark.real
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("six==99.0\n", ["six==99.0"]),
        ("this is == not a lock\n", ["parse", "this is == not a lock"]),
        ("-r nowhere.lock\n", ["nowhere.lock"]),
    ],
)
def test_a_lock_that_cannot_be_installed_is_one_sentence_and_leaves_nothing(
    lock: Path, tmp_path: Path, text: str, words: list[str]
) -> None:
    lock.write_text(text)
    with pytest.raises(RetableError) as caught:
        venv.prepare("tiny", NOTHING, tmp_path / "log")
    message = str(caught.value)
    assert message.startswith("containers/tiny/requirements.lock: could not be installed: ")
    assert message.endswith(f"(all of it: {tmp_path / 'log'})")
    assert "\n" not in message
    assert all(word in message for word in words), message
    assert made() == [".tiny.lock"]


@pytest.mark.real
def test_a_lock_that_cannot_be_installed_leaves_the_older_environment(
    lock: Path, tmp_path: Path
) -> None:
    venv.prepare("tiny", NOTHING, tmp_path / "log")
    lock.write_text("six==99.0\n")
    with pytest.raises(RetableError):
        venv.prepare("tiny", NOTHING, tmp_path / "log")
    assert says(PYTHON, IMPORTS_SIX).startswith("1.17.0 ")


@pytest.mark.real
def test_two_at_once_make_one_environment(lock: Path, tmp_path: Path) -> None:
    logs = [tmp_path / "logs" / name for name in ("a", "b")]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARES, str(log)],
            env={**os.environ, "PYTHONPATH": str(WORKFLOW)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for log in logs
    ]
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0] == told[1] != ""
    assert sum(log.exists() for log in logs) == 1  # one of them installed, the other only waited
    assert made() == [".tiny.lock", "tiny"]
    assert says(PYTHON, IMPORTS_SIX).startswith("1.17.0 ")
