"""The runtime `venv`: a virtual environment made from the environment's lock file.

Three files may stand beside the lock: `no-deps.lock`, packages whose own requirements are not
followed, `prepare.py`, which runs once inside the new environment, and `.python-version`, where
another Python than ours is needed: one that uv finds on the PATH, or fetches.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from retable.errors import RetableError
from retable.local import LocalPlace
from retable.locks import exclusive
from retable.processes import Exit, run
from retable.runtimes import Nothing, Prepared

FOLDER = Path("results/environments/venv")
INSTALL_TIMEOUT_S = 3600
KEY, Settings = None, Nothing
LOCK, NO_DEPS, PREPARE = "requirements.lock", "no-deps.lock", "prepare.py"
PYTHON = ".python-version"


def check(where: str, settings: Nothing, environments: Sequence[str] = ()) -> None:
    if sys.platform != "linux":
        raise RetableError(f"{where}: virtual environments are timed on Linux only")


def prepare(name: str, settings: Nothing, log: Path) -> Prepared:
    """Make the virtual environment, unless one with the same lock and Python is there already.

    It is installed in a folder of its own and renamed when complete, under a lock, so that
    nobody meets half of it.
    """
    made_of = files(name)
    if not made_of[0].is_file():
        raise RetableError(
            f"{made_of[0]}: no such file; an environment needs its pinned packages there"
        )
    identity = _identity(made_of)
    folder = FOLDER / name
    make_once(folder, identity, lambda made: _install(made_of, made, log))
    return Prepared(str(folder / "bin" / "python"), identity)


def make_once(folder: Path, identity: str, make: Callable[[Path], None]) -> None:
    """Have `make` make what is to lie in `folder`, unless that with this identity does already."""
    with exclusive(folder.with_name(f".{folder.name}.lock")):
        if _marker(folder).is_file() and _marker(folder).read_text() == identity:
            return
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            made = Path(scratch, "made")
            make(made)
            _marker(made).write_text(identity)
            if folder.exists():
                folder.rename(Path(scratch, "replaced"))
            made.rename(folder)


def enter(prepared: Prepared, settings: Nothing) -> LocalPlace:
    return LocalPlace(Path(prepared.python).absolute())


def files(name: str) -> list[Path]:
    """What the environment `name` is made of, the lock first."""
    lock = Path("containers", name, LOCK)
    return [
        lock,
        *(path for path in map(lock.with_name, (NO_DEPS, PREPARE, PYTHON)) if path.is_file()),
    ]


def _identity(made_of: list[Path]) -> str:
    system = f"{platform.python_version()} {platform.system()} {platform.machine()}"
    contents = b"".join(path.read_bytes() for path in made_of)
    return hashlib.sha256(contents + system.encode()).hexdigest()


def _marker(folder: Path) -> Path:
    return folder / "retable-identity"


def _install(made_of: list[Path], folder: Path, log: Path) -> None:
    for path, command in _commands(made_of, folder):
        install(path, command, log)


def install(path: Path, command: list[str], log: Path) -> None:
    """Run what installs the packages of `path`; a RetableError says why that failed."""
    # pip's variable for a folder of local wheels is uv's too, under another name.
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    ended = run(command, log=log, timeout_s=INSTALL_TIMEOUT_S, environment={"UV_FIND_LINKS": links})
    if ended.code != 0:
        raise RetableError(f"{path}: {_failure(path, ended)} (all of it: {log})")


def _commands(made_of: list[Path], folder: Path) -> list[tuple[Path, list[str]]]:
    """What makes the environment, in order, each with the file that asks for it."""
    uv = uv_command()
    python = str(folder / "bin" / "python")
    versions = [path.read_text(encoding="utf-8").strip() for path in made_of if path.name == PYTHON]
    wanted = versions[0] if versions else sys.executable
    venv = [uv, "venv", "--quiet", "--relocatable", "--python", wanted, str(folder)]
    # Compiled once here, and not by each of a session's launches.
    install = [uv, "pip", "install", "--compile-bytecode", "--python", python]
    commands = {
        LOCK: [*install, "-r"],
        NO_DEPS: [*install, "--no-deps", "-r"],
        PREPARE: [python, "-I"],
    }
    asked = [(path, [*commands[path.name], str(path)]) for path in made_of if path.name in commands]
    return [(made_of[0], venv), *asked]


def _failure(path: Path, ended: Exit) -> str:
    if path.name != PREPARE:
        return f"could not be installed: {_complaint(ended)}"
    how = "no end" if ended.timed_out else ended.signal_name or f"exit status {ended.code}"
    return f"{how}: {(ended.last_lines.splitlines() or ['nothing in its log'])[-1]}"


def _complaint(ended: Exit) -> str:
    """What uv says from its last `error:` on, in one line, without the carets below a place."""
    lines = [line.strip(" ^") for line in ended.last_lines.splitlines()]
    errors = [index for index, line in enumerate(lines) if line.startswith("error:")]
    return " ".join(line for line in lines[errors[-1] if errors else -1 :] if line) or "no output"


def uv_command() -> str:
    """The path of uv: the one beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if not found:
        raise RetableError("uv was not found beside this Python; run `make` in the checkout first")
    try:
        subprocess.run([found, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RetableError(f"{found} does not run: {error}") from None
    return found
