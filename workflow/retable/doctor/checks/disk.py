"""Room for environments, models, engines and results, and for what jobs write for a moment."""

import tempfile
from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, fail, ok, warn
from retable.doctor.readings import Readings

OF_THE_HOST = True
FOLDERS = ((".", 2.0, 10.0), (tempfile.gettempdir(), 0.25, 1.0))  # GiB: fails, and warns, below
KIB_A_GIB = 1 << 20


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    for folder, least, wanted in FOLDERS:
        free = free_gib(readings.output("df", "-Pk", folder))
        if free is None:
            yield warn(f"`df -Pk {folder}` tells no free space", f"look whether {folder} is there")
            continue
        sentence = f"{free:.1f} GiB are free in {folder}"
        see = f"see what fills it: `du -xhd1 {folder} | sort -h | tail`"
        if free < least:
            yield fail(f"{sentence}, and {least:g} are needed at least", see)
        elif free < wanted:
            yield warn(f"{sentence}: all environments and models want {wanted:g}", see)
        else:
            yield ok(sentence)


def free_gib(df: str | None) -> float | None:
    """The column Available of POSIX `df -Pk`, of its last line; None for what is no such table."""
    columns = (df or "").splitlines()[-1:] and (df or "").splitlines()[-1].split()
    if len(columns) < 6 or not columns[3].isdigit():
        return None
    return int(columns[3]) / KIB_A_GIB
