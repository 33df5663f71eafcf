"""Have the program that a player starts on the device, or record why it cannot be had."""

import argparse
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from retable.config.device import Program
from retable.contract import Artifact, Result
from retable.downloads import Unreachable
from retable.errors import RetableError
from retable.fetching import fetched
from retable.files import artifact, replacing
from retable.records import leave_record
from retable.steps.options import add_output

ROLE = "program"
OWN = "own"  # folder of what is nobody's published file, whatever it is called


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", required=True, help="the device's name")
    parser.add_argument("--player", required=True, help="the backend's name on the device")
    parser.add_argument(
        "--program",
        type=Program.model_validate_json,
        required=True,
        help="where it is: the player's key 'program', as JSON",
    )
    parser.add_argument("--mirror", help="a folder or URL prefix to fetch from instead")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    wanted: Program = given.program
    where = f"config/devices/{given.device}.yaml: backends.{given.player}.program"
    folder = given.output.with_suffix("")

    def produce() -> Result:
        if wanted.path is not None:
            made = _copied(Path(wanted.path), folder / OWN, f"{where}.path")
            return Result(outcome="ok", artifacts={ROLE: made}, facts={"path": wanted.path})
        try:
            made = _fetched(wanted, folder, given.mirror, f"{where}.url")
        except Unreachable as error:
            return Result(outcome="unavailable", reason=str(error))
        return Result(outcome="ok", artifacts={ROLE: made}, facts={"url": wanted.url})

    leave_record(given.output, "program", {"player": given.player}, {}, produce)


def _copied(own: Path, folder: Path, where: str) -> Artifact:
    """The user's own file as it is now: what was timed stays here when that one is built anew."""
    if not own.is_file():
        raise RetableError(f"{where}: {own}: no such file")
    target = folder / own.name
    with replacing(target) as temporary:
        shutil.copyfile(own, temporary)
    return artifact(target)


def _fetched(wanted: Program, folder: Path, mirror: str | None, where: str) -> Artifact:
    assert wanted.url is not None
    target = folder / Path(urlsplit(wanted.url).path).name
    return fetched(wanted.url, target, checksum=wanted.checksum, mirror=mirror, where=where)
