"""The two JSON files between a job and the host, and the files that they describe.

The host's side, with the keys of every job and of the result, is `retable/contract.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from retable_job.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RESULT_SCHEMA = "retable/result/1"
_BLOCK_BYTES = 1 << 20


class InputShape(NamedTuple):
    """The size of a network's input: images at once, and pixels."""

    batch: int
    height: int
    width: int

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> InputShape:
        """Read the `input` of a job."""
        wanted = job["input"]
        return cls(wanted.get("batch", 1), wanted["height"], wanted["width"])

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


def read_job(path: Path) -> dict[str, Any]:
    """Read a job file; ValueError or OSError, in one sentence, if that cannot be done."""
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(job, dict) or not isinstance(job.get("schema"), str):
        raise ValueError(f"{path}: not a job, it has no 'schema'")
    return job


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result file whole; NaN and infinities are refused, JSON has none."""
    text = json.dumps({"schema": RESULT_SCHEMA, **result}, indent=1, allow_nan=False) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=str(path.parent))
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp makes files that only their owner can read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def artifact(path: Path) -> dict[str, Any]:
    """Describe the file at `path` as it lies there now."""
    return {"path": str(path), "sha256": sha256_of(path), "bytes": path.stat().st_size}


def verified(wanted: Mapping[str, Any]) -> Path:
    """Return an artifact's path once what lies there is what was recorded; JobError otherwise."""
    path = Path(wanted["path"])
    if not path.is_file():
        raise JobError(f"{path}: recorded, but no longer there; make it again")
    found = path.stat().st_size
    if found != wanted["bytes"] or sha256_of(path) != wanted["sha256"]:
        raise JobError(
            f"{path}: not the {wanted['bytes']} bytes that were recorded "
            f"(it has {found}, or another sha256); delete it and run again"
        )
    return path


def verified_all(wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Path]:
    """Verify every artifact of a mapping, names kept."""
    return {name: verified(one) for name, one in wanted.items()}


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file, read in blocks: weights may be larger than memory."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()
