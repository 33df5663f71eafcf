"""Unpack an archive into a folder: all of it or nothing, and nothing outside."""

import contextlib
import lzma
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from retable.errors import RetableError

_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.xz")
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # gzip's own, a file in the place of a folder, a full disk
    RuntimeError,  # zipfile's: encrypted, or a compression it does not know
    ValueError,  # a name that no file can have
)


def is_archive(path: Path) -> bool:
    """Whether `unpack` takes the file, by its ending."""
    return path.name.endswith((".zip", *_TAR_ENDINGS))


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack a .zip, .tar, .tar.gz, .tgz or .tar.xz as `folder`, and list the files in it, sorted.

    An older `folder` is replaced, once everything is unpacked; on an error it stays as it was.

    Raises RetableError, naming archive and member, where the archive is truncated or damaged, or
    where a member would leave the folder or is no plain file, folder or inner link.
    """
    if archive.name.endswith(".zip"):
        extract = _unzip
    elif archive.name.endswith(_TAR_ENDINGS):
        extract = _untar
    else:
        raise RetableError(
            f"{archive}: no archive known by its ending; give .zip or {', '.join(_TAR_ENDINGS)}"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as work:
        new, old = Path(work, "new"), Path(work, "old")
        new.mkdir()
        with _naming(archive, "table of contents"):
            extract(archive, new)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        new.rename(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextlib.contextmanager
def _naming(archive: Path, member: str) -> Iterator[None]:
    """Turn what the libraries raise into one sentence that names the archive and the member."""
    try:
        yield
    except tarfile.FilterError as error:
        raise _hostile(archive, member, str(error)) from error
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0].rstrip(":") or type(error).__name__
        raise RetableError(
            f"{archive}: {member}: cannot be unpacked ({reason}); "
            "unless the disk is full, the archive is damaged: delete it and fetch it again"
        ) from error


def _hostile(archive: Path, member: str, why: str) -> RetableError:
    return RetableError(
        f"{archive}: {member}: refused ({why}); do not trust this archive, check where it is from"
    )


def _check_name(archive: Path, name: str) -> None:
    # The libraries would quietly move such a member to a place inside the folder.
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise _hostile(archive, name, "its path leaves the folder")


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            _check_name(archive, member.filename)
            # Archivers that know no Unix modes write 0. zipfile would unpack a link as a text file.
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _hostile(archive, member.filename, "neither a file nor a folder")
            with _naming(archive, member.filename):
                opened.extract(member, folder)


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        for member in opened:
            _check_name(archive, member.name)
            with _naming(archive, member.name):
                opened.extract(member, folder, filter="data")
        _check_end(opened)


def _check_end(opened: tarfile.TarFile) -> None:
    """Raise ReadError unless the end mark is there, and the compressed stream whole.

    tarfile takes a header that is cut short or damaged for the end of the archive.
    """
    stream = opened.fileobj
    assert stream is not None
    stream.seek(opened.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it ends before its end mark")
    while stream.read(1 << 20):  # to its last byte: only there gzip and xz compare their checksum
        pass
