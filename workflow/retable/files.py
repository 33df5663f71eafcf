"""Reading and writing files whole: nobody ever sees half of one."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from retable.contract import Artifact
from retable.errors import RetableError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, keys in the order given, numbers as they are (no NaN)."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RetableError(f"{path}: no such file") from None
    except json.JSONDecodeError as error:
        raise RetableError(f"{path}: not JSON ({error}); delete it and run again") from None


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of(root: Path, paths: Iterable[str], *besides: str) -> str:
    """One sha256 of files by their paths below `root` and what they hold, in whatever order."""
    contents = [f"{path} {sha256_of(root / path)}" for path in sorted(set(paths))] + list(besides)
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()


def artifact(path: Path) -> Artifact:
    """Describe the file at `path` as it lies there now."""
    return Artifact(path=str(path), sha256=sha256_of(path), bytes=path.stat().st_size)


def verified(wanted: Artifact) -> Path:
    """Return the artifact's path, or say that what lies there is not what was recorded."""
    path = Path(wanted.path)
    if not path.is_file():
        raise RetableError(f"{path}: recorded, but no longer there; delete its .json and run again")
    if path.stat().st_size != wanted.bytes or sha256_of(path) != wanted.sha256:
        raise RetableError(
            f"{path}: not the {wanted.bytes} bytes that were recorded (sha256 differs): "
            "truncated or changed by hand; delete it and its .json and run again"
        )
    return path
