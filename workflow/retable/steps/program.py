"""Fetch the program that a player starts on the device, or record why it cannot be had."""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from retable.config.device import Download
from retable.contract import Result
from retable.downloads import Unreachable
from retable.fetching import fetched
from retable.records import leave_record
from retable.steps.options import add_output

ROLE = "program"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", required=True, help="the device's name")
    parser.add_argument("--player", required=True, help="the backend's name on the device")
    parser.add_argument(
        "--program",
        type=Download.model_validate_json,
        required=True,
        help="where it is: the player's key 'program', as JSON",
    )
    parser.add_argument("--mirror", help="a folder or URL prefix to fetch from instead")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    wanted: Download = given.program
    where = f"config/devices/{given.device}.yaml: backends.{given.player}.program"

    def produce() -> Result:
        target = given.output.with_suffix("") / Path(urlsplit(wanted.url).path).name
        try:
            found = fetched(
                wanted.url, target, checksum=wanted.checksum, mirror=given.mirror, where=where
            )
        except Unreachable as error:
            return Result(outcome="unavailable", reason=str(error))
        return Result(outcome="ok", artifacts={ROLE: found}, facts={"url": wanted.url})

    leave_record(given.output, "program", {"player": given.player}, {}, produce)
