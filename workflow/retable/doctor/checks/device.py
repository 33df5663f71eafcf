"""Whether this machine can be the device, and what of it this version of retable has."""

from collections.abc import Iterator
from pathlib import Path

from retable.config.device import Device
from retable.doctor.findings import Finding, fail, ok, warn
from retable.doctor.readings import Readings
from retable.runtimes import qemu

OF_THE_HOST = True
SAME = {"arm64": "aarch64", "amd64": "x86_64"}  # how other systems call them


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    if device.is_phone:
        yield from _of_phone(device, readings)
    elif device.is_elsewhere:
        yield warn(
            f"{device.device} is {device.container.host}, another machine: only this one is read",
            "run this on the device too",
        )
    elif device.runtime == "qemu":
        yield from _of_emulator(device, readings)
    else:
        yield from _of_architecture(device, readings)
    yield from _of_players(device, Path.cwd())


def _of_architecture(device: Device, readings: Readings) -> Iterator[Finding]:
    here = readings.output("uname", "-m") or "unknown"
    here = SAME.get(here, here)
    if device.architecture in ("any", here):
        yield ok(f"{here}, for {device.title}")
    else:
        yield fail(
            f"this machine is {here}, and {device.device} is {device.architecture}",
            "run this on the device itself, or say where it is: --docker-host ssh://user@board",
        )


def _of_emulator(device: Device, readings: Readings) -> Iterator[Finding]:
    """Whether what emulates the device is here, and what unpacks its packages."""
    told = next(filter(None, (readings.output(one, "--version") for one in qemu.EMULATORS)), None)
    if told is None:
        yield fail(
            f"{' or '.join(qemu.EMULATORS)} does not answer",
            "install QEMU's user emulation (Debian: qemu-user-static)",
        )
    else:
        yield ok(f"{told.splitlines()[0]}, for {device.title}")
    if readings.output("dpkg-deb", "--version") is None:
        yield fail("dpkg-deb does not answer", "install Debian's dpkg")


def _of_phone(device: Device, readings: Readings) -> Iterator[Finding]:
    """Whether adb is here and sees a phone: what else it is, the probe tells."""
    listing = readings.output("adb", "devices")
    if listing is None:
        yield fail("adb does not answer", "install Android's platform tools (Debian: adb)")
        return
    _, _, phones = listing.partition("attached")
    lines = [" ".join(line.split()) for line in phones.splitlines() if line.strip()]
    serial = device.phone.serial
    mine = [line for line in lines if serial is None or line.split()[0] == serial]
    if len(mine) == 1 and mine[0].endswith(" device"):
        yield ok(f"adb reaches the phone {mine[0].split()[0]}")
    else:
        seen = "; ".join(lines) or "no phone"
        yield fail(
            f"adb sees {seen}",
            "plug in one, with USB debugging on, and allow this computer on its screen; of several "
            "name one with --phone SERIAL, and in a run with --config phone=SERIAL",
        )


def _of_players(device: Device, root: Path) -> Iterator[Finding]:
    """Which backends miss a file here: the others can be measured without them."""
    missing = {name: _missing(device, name, root) for name in device.backends}
    whole = [name for name, what in missing.items() if what is None]
    for name, what in missing.items():
        if what is None:
            continue
        if whole:
            yield warn(f"{name}: {what}", f"leave it out: `--config players={','.join(whole)}`")
        else:
            yield fail(f"{name}: {what}", "a newer version of retable, or another device")
    if not any(missing.values()):
        yield ok(f"its backends are all part of this version: {', '.join(whole)}")


def _missing(device: Device, player: str, root: Path) -> str | None:
    """The first file of this checkout that a player would need and that is not there."""
    packages = root / "workflow"
    backend, environment = device.backend_of(player), device.backends[player].environment
    wanted = {
        f"runtime {device.runtime!r}": packages / "retable" / "runtimes" / f"{device.runtime}.py",
        f"backend {backend!r}": packages / "retable_runner" / "backends" / f"{backend}.py",
        f"environment {environment!r}": root / "containers" / environment,
    }
    absent = [what for what, path in wanted.items() if not path.exists()]
    return f"{absent[0]} is not part of this version of retable" if absent else None
