"""Fetch one file: from its official host or a mirror, resumed, checked, and whole or not at all."""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

import requests
import urllib3

from retable.checksums import checksum_of, normal
from retable.contract import Artifact
from retable.errors import RetableError
from retable.files import artifact

# Small enough that a broken connection costs little of what had already arrived.
_CHUNK_BYTES = 1 << 16


class Corrupt(RetableError):  # noqa: N818
    """What was fetched is not the file that the checksum describes."""


class Unreachable(RetableError):  # noqa: N818
    """The file cannot be had: the host does not answer, fails, or does not have it."""


class _RefusedError(Exception):
    """The answer is no and will stay no, here: another place may still have the file."""


class _FailedError(Exception):
    """The host asks, by its status, to be tried again later."""


_TRANSIENT = (
    _FailedError,
    requests.ConnectionError,
    requests.Timeout,
    urllib3.exceptions.HTTPError,  # what reading the body raises, a body cut short included
)


class _Patience(NamedTuple):
    attempts: int
    timeout_s: float
    backoff_s: float


def download(
    url: str,
    target: Path,
    *,
    checksum: str | None,
    mirror: str | None = None,
    attempts: int = 3,
    timeout_s: float = 20.0,
    backoff_s: float = 1.0,
) -> Artifact:
    """Fetch `url` to `target`, unless it lies there already, and describe it.

    `checksum` is `sha256:hex` or `md5:hex`. Without one, a `target` that is there is kept, and a
    broken download starts over: nothing could tell a file pieced together from two. With one, it
    goes on where it stopped, in this call or a later one, from `<target>.part`.
    `mirror` is a folder or URL prefix, asked instead of the official host: see `mirrored`.
    The host is tried `attempts` times; `timeout_s` limits connecting and each wait for data;
    `backoff_s` is the pause after the first failure, doubled after each further one.

    Raises Corrupt, where the checksum differs; Unreachable, where the file cannot be had.
    """
    wanted = None if checksum is None else normal(checksum)
    if not _holds(target, wanted):
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        places = mirrored(url, mirror)
        with _locked(part) as stream:
            # Whoever held the lock before us may have fetched the file.
            if not _holds(target, wanted):
                _fill(stream, part, places, wanted, _Patience(attempts, timeout_s, backoff_s))
                part.replace(target)
    return artifact(target)


def mirrored(url: str, mirror: str | None) -> list[str | Path]:
    """Say where to look for `url`, in order: local files as Path, the rest as URLs.

    Without a mirror that is `url` itself. With one, `https://host/a/b.pth` is looked for as
    `<mirror>/host/a/b.pth`, then as `<mirror>/b.pth`, and nowhere else; the port and the query
    string play no part. `mirror` is a folder, a `file://` URL, or an `http(s)://` prefix.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return [Path(unquote(parts.path))]
    if not mirror:
        return [url]
    names = [f"{parts.hostname}{parts.path}", parts.path.rpartition("/")[2]]
    if mirror.startswith(("http://", "https://")):
        return [f"{mirror.rstrip('/')}/{name}" for name in names]
    folder = unquote(urlsplit(mirror).path) if mirror.startswith("file://") else mirror
    return [Path(folder).expanduser() / unquote(name) for name in names]


def _holds(target: Path, wanted: str | None) -> bool:
    return target.is_file() and (wanted is None or checksum_of(target, wanted) == wanted)


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    """Open `part` for appending, by one process at a time; an empty one does not stay behind."""
    while True:
        with part.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if not _still_named(part, stream):
                continue  # it was renamed or removed while we waited: lock the new one
            try:
                yield stream
            finally:
                if _still_named(part, stream) and _size(stream) == 0:
                    part.unlink()
            return


def _still_named(part: Path, stream: BinaryIO) -> bool:
    try:
        return os.path.samestat(part.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


def _size(stream: BinaryIO) -> int:
    stream.flush()
    return os.fstat(stream.fileno()).st_size


def _fill(
    stream: BinaryIO,
    part: Path,
    places: list[str | Path],
    wanted: str | None,
    patience: _Patience,
) -> None:
    """Bring `part` to hold the whole file, and check it."""
    if wanted is None:
        _fetch(places, stream, patience, resume=False)
        return
    if _size(stream) and checksum_of(part, wanted) != wanted:
        _fetch(places, stream, patience, resume=True)
    if checksum_of(part, wanted) == wanted:
        return
    # Either nothing was there yet, or it was the beginning of something else.
    stream.truncate(0)
    _fetch(places, stream, patience, resume=True)
    found = checksum_of(part, wanted)
    if found != wanted:
        stream.truncate(0)
        raise Corrupt(
            f"{' or '.join(map(str, places))}: fetched {found}, expected {wanted}; "
            "run again, or correct the expected checksum if the file has changed at its source"
        )


def _fetch(
    places: list[str | Path], stream: BinaryIO, patience: _Patience, *, resume: bool
) -> None:
    """Write the file to `stream`, from the first of the places that has it."""
    refusals = []
    for place in places:
        try:
            if isinstance(place, Path):
                _copy(place, stream)
            else:
                _get(place, stream, patience, resume=resume)
            return
        except _RefusedError as refusal:
            refusals.append(f"{place}: {refusal}")
    raise Unreachable(f"{', and '.join(refusals)}; correct the url or fill the mirror")


def _copy(source: Path, stream: BinaryIO) -> None:
    if not source.is_file():
        raise _RefusedError("no such file")
    stream.truncate(0)
    with source.open("rb") as original:
        shutil.copyfileobj(original, stream, _CHUNK_BYTES)
    stream.flush()


def _get(url: str, stream: BinaryIO, patience: _Patience, *, resume: bool) -> None:
    """Request `url` until its body is whole or patience is at its end."""
    for attempt in itertools.count(1):
        if not resume:
            stream.truncate(0)
        try:
            _request(url, stream, patience.timeout_s)
            return
        except _TRANSIENT as error:
            if attempt >= patience.attempts:
                raise Unreachable(
                    f"{url}: cannot be fetched ({_root(error)}, in attempt {attempt}); check the "
                    "network and run again, or set `mirror:` to a folder or host that has it"
                ) from error
        except requests.RequestException as error:
            raise _RefusedError(str(error)) from error
        time.sleep(patience.backoff_s * 2 ** (attempt - 1))


def _request(url: str, stream: BinaryIO, timeout_s: float) -> None:
    """Request what `stream` lacks of `url`, once, and append it."""
    have = _size(stream)
    # Compressed on the way, a body would be counted in other bytes than those of the file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=timeout_s) as response:
        status = response.status_code
        if have and (status == 416 or (status == 206 and _start(response) != have)):
            stream.truncate(0)
            _request(url, stream, timeout_s)
            return
        if status in (408, 429) or status >= 500:
            raise _FailedError(f"{status} {response.reason}")
        if status not in (200, 206):
            raise _RefusedError(f"the host answers {status} {response.reason}")
        if status == 200:
            stream.truncate(0)
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
            stream.write(chunk)
    stream.flush()


def _start(response: requests.Response) -> int | None:
    """Return the position in the file of the first byte of a 206 response."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _root(error: BaseException) -> BaseException:
    """Return the innermost of the exceptions that requests and urllib3 wrap around each other."""
    wrapped = (error.__cause__, getattr(error, "reason", None), *error.args[:1])
    inner = next((item for item in wrapped if isinstance(item, BaseException)), None)
    return error if inner is None else _root(inner)
