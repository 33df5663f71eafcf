"""The runtime `host`: the interpreter as it stands, for machines prepared otherwise.

A vendor's container, a cluster module, a machine without network: nothing is installed, and the
packages that are there are recorded instead of pinned.
"""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from retable.errors import RetableError
from retable.local import LocalPlace
from retable.runtimes import Nothing, Prepared

KEY, Settings = None, Nothing
_LIST_PACKAGES = (
    "import importlib.metadata as m, sys; print(sys.version); "
    "print(*sorted(f'{d.name}=={d.version}' for d in m.distributions()), sep='\\n')"
)


def check(where: str, settings: Nothing, environments: Sequence[str] = ()) -> None:
    """The interpreter that runs this is the environment: there is nothing to miss."""


def prepare(name: str, settings: Nothing, log: Path) -> Prepared:
    return Prepared(sys.executable, identity())


def identity() -> str:
    """Hash the interpreter's version and the packages that it has."""
    listing = subprocess.run(
        [sys.executable, "-c", _LIST_PACKAGES], check=False, capture_output=True, text=True
    )
    if listing.returncode != 0:
        raise RetableError(f"{sys.executable} cannot list its packages: {listing.stderr.strip()}")
    return hashlib.sha256(listing.stdout.encode()).hexdigest()


def enter(prepared: Prepared, settings: Nothing) -> LocalPlace:
    """The user's own PYTHONPATH stays: it is part of how such a machine was prepared."""
    return LocalPlace(Path(prepared.python), inherits_path=True)
