"""Say what this machine misses, and what will disturb, before a device is measured on it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from retable.config.device import Device
from retable.config.entry import docker_host
from retable.config.load import load_configuration
from retable.doctor import checks
from retable.doctor.findings import Finding, line, warn
from retable.doctor.readings import Readings, ThisMachine
from retable.errors import RetableError

BUDGET_S = 8.0  # of all commands that the checks run


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", required=True, help="a file in config/devices")
    for name, kind in (
        ("docker_host", docker_host),
        ("base_image", str),
        ("ngc", str),
        ("phone", str),
    ):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, help=f"as in snakemake's --config {name}=")


def run(given: argparse.Namespace) -> int:
    """Print the findings; return 1 if one of them is a failure."""
    root = Path.cwd()
    if not (root / "config" / "devices").is_dir():
        raise RetableError(f"{root}: no checkout of retable (no config/devices): run it in one")
    device = load_configuration(root).devices[given.device]
    device = device.in_containers(host=given.docker_host, base=given.base_image, ngc=given.ngc)
    device = device.at_cable(given.phone)
    failed = False
    for check, finding in findings(device, ThisMachine(BUDGET_S)):
        print(line(check, finding), flush=True)
        failed = failed or finding.level == "fail"
    return 1 if failed else 0


def findings(device: Device, here: Readings) -> Iterator[tuple[str, Finding]]:
    """What all checks find, each with its name; one that cannot read says so.

    `here` is this machine. Where the device is another, only what concerns this one is looked at.
    """
    for name in checks.names():
        if not checks.concerns(name, device):
            continue
        try:
            yield from ((name, found) for found in checks.check(name).findings(device, here))
        except RetableError as error:
            yield name, warn(str(error), "try that command by hand")
