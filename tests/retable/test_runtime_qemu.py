"""The runtime qemu without an emulator: what it says where something is missing or wrong.

What it runs is tested by tests/workflow/test_workflow_emulated.py (make test-arm64).
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from retable.config.device import Device
from retable.errors import RetableError
from retable.runtimes import Nothing, qemu, runtime

ROOT = Path(__file__).parents[2]
NOTHING = Nothing()
SHA256 = f"sha256:{64 * '0'}"


def program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, with nothing in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def checkout(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Lays an environment `arm64` down in the working folder; its emulator tells a version."""
    monkeypatch.chdir(tmp_path)
    program(path / qemu.EMULATORS[0], "echo qemu-aarch64 version 7.2.22")

    def laid(**locks: str) -> Path:
        folder = tmp_path / "containers" / "arm64"
        folder.mkdir(parents=True)
        for name, text in locks.items():
            (folder / f"{name}.lock").write_text(text)
        return tmp_path / "log"

    return laid


def test_it_is_a_runtime_and_the_devices_environment_is_there() -> None:
    assert runtime("qemu", "x") is qemu
    for lock in qemu.files("arm64"):
        assert (ROOT / lock).is_file()
    pinned = qemu.packages(ROOT / "containers" / "arm64" / qemu.PACKAGES)
    assert all(checksum.startswith("sha256:") for _, checksum in pinned)
    assert all(address.endswith("_arm64.deb") for address, _ in pinned)


def test_a_machine_without_qemu_is_told_in_one_sentence(path: Path) -> None:
    with pytest.raises(RetableError) as caught:
        qemu.check("config/devices/arm64-emulated.yaml", NOTHING)
    assert str(caught.value) == (
        "config/devices/arm64-emulated.yaml: qemu-aarch64-static was not found: install QEMU's "
        "user emulation (Debian: qemu-user-static)"
    )


def test_a_machine_without_dpkg_is_told_in_one_sentence(path: Path) -> None:
    program(path / qemu.EMULATORS[1])
    with pytest.raises(RetableError, match=r"^x: dpkg-deb, which unpacks Debian's packages, was"):
        qemu.check("x", NOTHING)
    program(path / "dpkg-deb")
    qemu.check("x", NOTHING)


def test_an_environment_without_its_packages_is_one_sentence(
    checkout: Callable[..., Path],
) -> None:
    log = checkout(requirements="six==1.17.0\n")
    with pytest.raises(RetableError, match=r"^containers/arm64/debian.lock: no such file;"):
        qemu.prepare("arm64", NOTHING, log)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("https://host/libc6_arm64.deb", "a line has a place and its sha256"),
        ("file:///gone/libc6_arm64.deb " + SHA256, "no such file"),
    ],
)
def test_a_package_that_cannot_be_had_names_the_lock_and_leaves_nothing(
    checkout: Callable[..., Path], line: str, words: str
) -> None:
    log = checkout(requirements="six==1.17.0\n", debian=line + "\n")
    with pytest.raises(RetableError, match=r"^containers/arm64/debian.lock: ") as caught:
        qemu.prepare("arm64", NOTHING, log)
    assert words in str(caught.value)
    assert [one.name for one in qemu.FOLDER.iterdir()] == [".arm64.lock"]


def test_a_place_lies_in_the_archive_that_is_named_or_apt_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert qemu.address("https://host/a.deb") == "https://host/a.deb"
    monkeypatch.setenv(qemu.ARCHIVE, "https://mirror/of/debian")
    assert qemu.address("pool/a.deb") == "https://mirror/of/debian/pool/a.deb"
    monkeypatch.delenv(qemu.ARCHIVE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RetableError, match="name one, RETABLE_DEBIAN=https://HOST/debian"):
        qemu.address("pool/a.deb")
    sites = "http://host/ubuntu http://host/debian-security http://host/debian"
    program(tmp_path / "apt-get", f"printf '%s\\n' {sites}")
    assert qemu.address("pool/a.deb") == "http://host/debian/pool/a.deb"


def test_a_package_that_has_changed_is_refused(
    checkout: Callable[..., Path], tmp_path: Path
) -> None:
    other = tmp_path / "libc6_arm64.deb"
    other.write_text("something else")
    log = checkout(requirements="six==1.17.0\n", debian=f"{other.as_uri()} {SHA256}\n")
    with pytest.raises(RetableError, match=r"^containers/arm64/debian.lock: .* expected sha256:0"):
        qemu.prepare("arm64", NOTHING, log)


def test_what_is_entered_finds_its_root_wherever_it_lies(tmp_path: Path) -> None:
    """The emulator here is a program that says how it was started."""
    emulator = program(tmp_path / "emulator", 'printf "%s\\n" "$PYTHONHOME" "$@"')
    text = qemu.ENTERED.format(emulator=emulator, processor="cpu", python="usr/bin/python3.11")
    entered = program(tmp_path / "made" / "bin" / "python")
    entered.write_text(text)
    moved = entered.parents[1].rename(tmp_path / "moved to")
    command = [moved / "bin" / "python", "-m", "retable_runner", "a job"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    home, *started = done.stdout.splitlines()
    root = f"{moved}/bin/../root"
    assert os.path.normpath(home) == f"{moved}/root/usr"
    assert started[:6] == ["-cpu", "cpu", "-0", f"{moved}/bin/python", "-L", root]
    assert started[6:] == [f"{root}/usr/bin/python3.11", "-m", "retable_runner", "a job"]


def test_a_device_of_this_runtime_must_say_that_it_is_emulated() -> None:
    said = {"device": "x", "title": "X", "architecture": "aarch64", "memory": "host"}
    with pytest.raises(ValueError, match="say emulated: true"):
        Device.model_validate({**said, "runtime": "qemu", "backends": {}})
    assert Device.model_validate(
        {**said, "runtime": "qemu", "emulated": True, "backends": {}}
    ).emulated
