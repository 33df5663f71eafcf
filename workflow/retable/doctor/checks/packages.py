"""Whether this interpreter and its packages are those of the host's lock."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from retable.config.device import Device
from retable.doctor.findings import Finding, fail, ok, warn
from retable.doctor.readings import Readings

OF_THE_HOST = True
LOCK = "containers/host/requirements.lock"
OLDEST = (3, 11)
SHOWN = 3
MEND = "`make .venv/host`, then `. .venv/bin/activate`"
TELL = (
    "import platform, importlib.metadata as m; print(platform.python_version(), "
    "*(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
)


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    told = (readings.output(sys.executable, "-c", TELL) or "").splitlines()
    lock = readings.text(str(Path.cwd() / LOCK))
    if not told or lock is None:
        yield fail(
            f"{LOCK} or the packages of {sys.executable} cannot be read", "`make .venv/host`"
        )
        return
    python, installed = told[0], versions("\n".join(told[1:]))
    if tuple(int(part) for part in python.split(".")[:2]) < OLDEST:
        yield fail(f"Python {python} is older than 3.11", "`make .venv/host PYTHON=python3.11`")
    wanted = versions(lock)
    missing = [name for name in wanted if name not in installed]
    others = [
        f"{name} {installed[name]} (wanted: {version})"
        for name, version in wanted.items()
        if name in installed and installed[name] != version
    ]
    if missing:
        yield fail(f"packages of {LOCK} are missing: {_first(missing)}", MEND)
    if others:
        yield warn(f"packages are of other versions than in {LOCK}: {_first(others)}", MEND)
    if not missing and not others:
        yield ok(f"Python {python}, and all packages of {LOCK}")


def _first(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" * (len(names) > SHOWN))


def versions(lock: str) -> dict[str, str]:
    """Versions by normalised names, from lines `name==version`; others are passed over."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", lock, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}
