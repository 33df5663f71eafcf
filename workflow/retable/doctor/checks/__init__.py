"""What the doctor looks at: one file a check, found by listing this folder.

A check offers `findings(device, readings)`, which gives `Finding`s: none where it does not concern
the device or the machine. Most look at the device; one that looks at the machine on which Snakemake
runs, which may be another, says `OF_THE_HOST = True`.
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


def is_of_the_host(name: str) -> bool:
    return getattr(check(name), "OF_THE_HOST", False)
