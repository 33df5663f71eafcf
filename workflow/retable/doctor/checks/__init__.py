"""What the doctor looks at: one file a check, found by listing this folder.

A check offers `findings(device, readings)`, which gives `Finding`s: none where it does not concern
the device or the machine. Most look at the device; one that looks at the machine on which Snakemake
runs, which may be another, says `OF_THE_HOST = True`; one that looks at the lock that a session
holds says `OF_THE_LOCK = True`: for a phone that is the lock of the machine with its cable.
"""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, cast

from retable.config.device import Device
from retable.doctor.findings import Finding
from retable.doctor.readings import Readings


class Check(Protocol):
    """What a check's module offers."""

    def findings(self, device: Device, readings: Readings) -> Iterable[Finding]: ...


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def check(name: str) -> Check:
    return cast(Check, importlib.import_module(f"retable.doctor.checks.{name}"))


def concerns(name: str, device: Device) -> bool:
    """Whether what a check reads of this machine is said of measuring the device."""
    if not device.is_elsewhere or getattr(check(name), "OF_THE_HOST", False):
        return True
    return device.is_phone and getattr(check(name), "OF_THE_LOCK", False)
