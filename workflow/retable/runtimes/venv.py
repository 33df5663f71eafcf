"""The runtime `venv`: a virtual environment made from the environment's lock file."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from retable.config.device import ContainerSettings
from retable.errors import RetableError
from retable.local import LocalPlace
from retable.locks import exclusive
from retable.processes import Exit, run
from retable.runtimes import Prepared

FOLDER = Path("results/environments/venv")
INSTALL_TIMEOUT_S = 3600


def check(where: str, settings: ContainerSettings, environments: Sequence[str] = ()) -> None:
    if sys.platform != "linux":
        raise RetableError(f"{where}: virtual environments are timed on Linux only")


def prepare(name: str, settings: ContainerSettings, log: Path) -> Prepared:
    """Make the virtual environment, unless one with the same lock and Python is there already.

    It is installed in a folder of its own and renamed when complete, under a lock, so that
    nobody meets half of it.
    """
    lock = Path("containers", name, "requirements.lock")
    if not lock.is_file():
        raise RetableError(f"{lock}: no such file; an environment needs its pinned packages there")
    identity = _identity(lock)
    folder = FOLDER / name
    with exclusive(FOLDER / f".{name}.lock"):
        if _marker(folder).is_file() and _marker(folder).read_text() == identity:
            return Prepared(str(folder / "bin" / "python"), identity)
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=FOLDER) as scratch:
            made = Path(scratch, "venv")
            _install(lock, made, log)
            _marker(made).write_text(identity)
            if folder.exists():
                folder.rename(Path(scratch, "replaced"))
            made.rename(folder)
    return Prepared(str(folder / "bin" / "python"), identity)


def enter(prepared: Prepared, settings: ContainerSettings) -> LocalPlace:
    return LocalPlace(Path(prepared.python).absolute())


def _identity(lock: Path) -> str:
    system = f"{platform.python_version()} {platform.system()} {platform.machine()}"
    return hashlib.sha256(lock.read_bytes() + system.encode()).hexdigest()


def _marker(folder: Path) -> Path:
    return folder / "retable-identity"


def _install(lock: Path, folder: Path, log: Path) -> None:
    uv = _uv()
    python = str(folder / "bin" / "python")
    commands = [
        [uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(folder)],
        # Compiled once here, and not by each of a session's launches.
        [uv, "pip", "install", "--compile-bytecode", "--python", python, "-r", str(lock)],
    ]
    # pip's variable for a folder of local wheels is uv's too, under another name.
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    for command in commands:
        ended = run(
            command, log=log, timeout_s=INSTALL_TIMEOUT_S, environment={"UV_FIND_LINKS": links}
        )
        if ended.code != 0:
            raise RetableError(
                f"{lock}: could not be installed: {_complaint(ended)} (all of it: {log})"
            )


def _complaint(ended: Exit) -> str:
    """What uv says from its last `error:` on, in one line, without the carets below a place."""
    lines = [line.strip(" ^") for line in ended.last_lines.splitlines()]
    errors = [index for index, line in enumerate(lines) if line.startswith("error:")]
    return " ".join(line for line in lines[errors[-1] if errors else -1 :] if line) or "no output"


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if not found:
        raise RetableError("uv was not found beside this Python; run `make` in the checkout first")
    try:
        subprocess.run([found, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RetableError(f"{found} does not run: {error}") from None
    return found
