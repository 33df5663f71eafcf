"""Checksums written `algorithm:hex`, and the list of those that were trusted on first use."""

import fcntl
import hashlib
import re
from pathlib import Path

from retable.errors import RetableError
from retable.files import read_json, write_json

_FORM = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")


def normal(checksum: str) -> str:
    """Return `checksum` in lower case; refuse what is neither `sha256:hex` nor `md5:hex`."""
    lowered = checksum.strip().lower()
    if not _FORM.fullmatch(lowered):
        raise RetableError(
            f"{checksum!r} is not a checksum; write sha256: and 64 hex digits, or md5: and 32"
        )
    return lowered


def checksum_of(path: Path, like: str) -> str:
    """Return the checksum of the file at `path`, by the algorithm of the checksum `like`."""
    algorithm = like.partition(":")[0]
    with path.open("rb") as stream:
        return f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}"


def recorded(url: str, path: Path) -> str | None:
    """Return what the list at `path` holds for `url`; None before its first fetch."""
    checksum = _read(path).get(url)
    return None if checksum is None else normal(checksum)


def record(url: str, checksum: str, path: Path) -> None:
    """Add the checksum of a first fetch to the list at `path`; the first one recorded stays.

    Raises RetableError where the list already holds another checksum for `url`.
    """
    checksum = normal(checksum)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The list itself is replaced at each write, so the lock has to be a file that stays.
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = _read(path)
        if entries.setdefault(url, checksum) != checksum:
            raise RetableError(
                f"{path}: {url} is recorded as {entries[url]}, but was now fetched as {checksum}; "
                "remove its line if the new file is to be trusted"
            )
        write_json(path, dict(sorted(entries.items())))


def _read(path: Path) -> dict[str, str]:
    entries = read_json(path) if path.exists() else {}
    if not isinstance(entries, dict):
        raise RetableError(f"{path}: not a JSON object of url: checksum; delete it and run again")
    return entries
