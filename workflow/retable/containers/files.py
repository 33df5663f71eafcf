"""Files on their way into a container and out of it: archives, as streams."""

import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from retable.files import replacing
from retable.places import PACKAGES

OURS = ".retable"  # in the working folder inside: the packages and the jobs' files
BLOCK_BYTES = 1 << 20
PACKAGE_NAMES = (
    "retable_runner",
    "retable_statistics",
    "retable_export",
    "retable_data",
    "retable_job",
)


def packages() -> Iterator[tuple[str, Path]]:
    """The source files that jobs need, and where they go: sent anew into each container."""
    for package in PACKAGE_NAMES:
        for path in sorted((PACKAGES / package).rglob("*.py")):
            yield f"{OURS}/{path.relative_to(PACKAGES)}", path


def pack(stream: IO[bytes], files: Iterable[tuple[str, Path]]) -> None:
    """Write files, by their names inside, and the folders above them, in which all may write."""
    made: set[Path] = set()
    with tarfile.open(fileobj=stream, mode="w|", dereference=True) as archive:
        for name, path in files:
            for folder in reversed(Path(name).parents[:-1]):
                if folder not in made:
                    made.add(folder)
                    archive.addfile(_folder(folder))
            entry = archive.gettarinfo(str(path), name)
            entry.uid = entry.gid = 0
            entry.mode = 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)


def _folder(path: Path) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(str(path))
    entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o777, int(time.time())
    return entry


def unpack(stream: IO[bytes], path: Path) -> bool:
    """Read the one file of an archive to `path`; say whether it came whole."""
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for entry in archive:
                source = archive.extractfile(entry)
                if source is not None:
                    with replacing(path) as temporary, temporary.open("wb") as target:
                        shutil.copyfileobj(source, target, BLOCK_BYTES)
                    return True
    except tarfile.ReadError:
        pass
    return False
