"""What of containers needs none: files on their way, exit statuses, addresses, sentences."""

import io
import tarfile
from pathlib import Path

import pytest

from retable.config.device import ContainerSettings, Device
from retable.config.entry import read_entry
from retable.containers.daemon import Daemon
from retable.containers.files import pack, packages, unpack
from retable.containers.tunnel import Tunnel
from retable.errors import ConnectionLost, RetableError
from retable.processes import Exit

ROOT = Path(__file__).parents[2]


def packed(files) -> bytes:
    stream = io.BytesIO()
    pack(stream, files)
    return stream.getvalue()


def test_files_go_with_the_folders_above_them_in_which_all_may_write(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_bytes(b"content")
    path.chmod(0o600)
    content = packed([("results/x y/engine", path), ("results/other", path)])
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = {entry.name: oct(entry.mode) for entry in archive}
    assert found == {
        "results": "0o777",
        "results/x y": "0o777",
        "results/x y/engine": "0o644",
        "results/other": "0o644",
    }


def test_a_file_comes_out_as_it_went_in(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "made" / "out"
    source.write_bytes(bytes(range(256)) * 10_000)
    assert unpack(io.BytesIO(packed([("in", source)])), target)
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("bytes_", [0, 100, 600, 5000])
def test_half_a_file_is_none(tmp_path: Path, bytes_: int) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"x" * 9000)
    assert not unpack(io.BytesIO(packed([("in", source)])[:bytes_]), target)
    assert not target.exists()


def test_the_packages_that_jobs_need_are_sent() -> None:
    names = {name for name, _ in packages()}
    assert {
        ".retable/retable_runner/__main__.py",
        ".retable/retable_export/__main__.py",
        ".retable/retable_data/__main__.py",
        ".retable/retable_job/process.py",
    } <= names
    assert all(path.is_file() for _, path in packages())


@pytest.mark.parametrize(
    ("shell", "code", "name"),
    [(134, -6, "SIGABRT"), (137, -9, "SIGKILL"), (3, 3, None), (255, 255, None), (1, 1, None)],
)
def test_a_shells_status_is_a_signal_where_it_can_be_one(shell, code, name) -> None:
    ended = Exit(code=shell, seconds=1.0, timed_out=False, last_lines="").of_shell()
    assert (ended.code, ended.signal_name) == (code, name)


def test_where_docker_is_is_said_by_the_run_else_the_file_else_the_environment(monkeypatch) -> None:
    nano = read_entry(Device, ROOT / "config" / "devices" / "jetson-nano.yaml")
    own = nano.in_containers(host="ssh://nano")
    monkeypatch.setenv("DOCKER_HOST", "ssh://other")
    assert nano.in_containers().container.host == "ssh://other"
    assert own.in_containers().container.host == "ssh://nano"
    assert own.in_containers(host="unix:///x").container.host == "unix:///x"
    assert own.is_elsewhere and not own.in_containers(host="unix:///x").is_elsewhere
    monkeypatch.delenv("DOCKER_HOST")
    assert nano.in_containers().container == nano.container
    assert ContainerSettings().is_local


def test_the_command_and_the_sdk_speak_to_one_daemon(monkeypatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://another")
    assert Daemon(None).environment == {"DOCKER_HOST": "unix:///var/run/docker.sock"}
    assert Daemon("unix:///x").environment == {"DOCKER_HOST": "unix:///x"}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("a\nb\nno space left on device\n", "Docker at unix:///x: b no space left on device; make"),
        ("", "Docker at unix:///x: no answer"),
        (
            "could not select device driver",
            "Docker at unix:///x: could not select device driver; i",
        ),
    ],
)
def test_what_docker_says_is_one_sentence_with_its_mend(said: str, sentence: str) -> None:
    error = Daemon("unix:///x").failure(said)
    assert str(error).startswith(sentence)
    assert not isinstance(error, ConnectionLost)


@pytest.mark.parametrize("address", ["http://nano", "ssh://", "nano"])
def test_an_address_that_is_no_ssh_is_one_sentence(address: str) -> None:
    with pytest.raises(RetableError, match="is no ssh://"):
        Tunnel(address)


@pytest.mark.parametrize(
    "address", ["ssh://nano", "ssh://me@Nano.local:2222/run/docker.sock", "unix:///x", "tcp://a:1"]
)
def test_an_address_is_as_in_docker_host(address: str) -> None:
    assert ContainerSettings(host=address).host == address


@pytest.mark.parametrize(
    "address", ["nano", "me@nano", "https://nano", "ssh://", "ssh://nano:xx", "ssh://-oProxy=x"]
)
def test_another_address_is_one_sentence(address: str) -> None:
    with pytest.raises(ValueError, match=r"is no ssh://\[user@\]host\[:port\] and no unix:///path"):
        ContainerSettings(host=address)
