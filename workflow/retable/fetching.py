"""Fetching a file that the configuration names, and trusting it from its first fetch on."""

from pathlib import Path

from retable.checksums import record, recorded
from retable.contract import Artifact
from retable.downloads import download
from retable.errors import RetableError

CHECKSUMS = Path("data/checksums.json")


def fetched(
    url: str, target: Path, *, checksum: str | None, mirror: str | None, where: str
) -> Artifact:
    """Download `url` to `target`, held against `checksum`, or what its first fetch found.

    Raises what `download` raises, with `where` (the file and key that name the URL) before it.
    """
    expected = checksum or recorded(url, CHECKSUMS)
    try:
        found = download(url, target, checksum=expected, mirror=mirror)
    except RetableError as error:
        raise type(error)(f"{where}: {error}") from None
    if expected is None:
        record(url, f"sha256:{found.sha256}", CHECKSUMS)
    return found
