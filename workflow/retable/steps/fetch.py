"""Fetch a model's official weights, or record why random ones take their place."""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from retable.archives import is_archive, unpack
from retable.checksums import record, recorded
from retable.config.model import Weights
from retable.contract import Artifact, Result
from retable.downloads import Unreachable, download
from retable.errors import RetableError
from retable.files import artifact
from retable.records import leave_record
from retable.steps.options import add_output

CHECKSUMS = Path("data/checksums.json")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="the model's name")
    parser.add_argument(
        "--official",
        type=Weights.model_validate_json,
        required=True,
        help="where the official weights are: the model's key 'weights', as JSON",
    )
    parser.add_argument("--weights", choices=["auto", "official", "random"], required=True)
    parser.add_argument("--mirror", help="a folder or URL prefix to fetch from instead")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    official: Weights = given.official

    def produce() -> Result:
        if given.weights == "random":
            return _random("asked for: weights=random")
        if official.url is None:
            return _unpublished(given, official)
        try:
            return _official(given, official)
        except Unreachable as error:
            if given.weights == "official":
                raise RetableError(
                    f"{error} (or let random weights take their place: --config weights=random)"
                ) from None
            return _random(f"the official weights could not be fetched: {error}")

    made = leave_record(given.output, "fetch", {"model": given.model}, {}, produce)
    if made.facts.get("weights") == "random":
        print(f"fetch {given.model}: random weights: {made.facts['reason']}", flush=True)


def _random(reason: str) -> Result:
    return Result(outcome="ok", facts={"weights": "random", "reason": reason})


def _unpublished(given: argparse.Namespace, official: Weights) -> Result:
    if given.weights == "official":
        return Result(outcome="unavailable", reason=f"no official weights: {official.unpublished}")
    return _random(f"no official weights: {official.unpublished}")


def _official(given: argparse.Namespace, official: Weights) -> Result:
    url = official.url
    assert url is not None
    target = given.output.with_suffix("") / Path(urlsplit(url).path).name
    checksum = official.checksum or recorded(url, CHECKSUMS)
    try:
        fetched = download(url, target, checksum=checksum, mirror=given.mirror)
    except RetableError as error:
        raise type(error)(f"config/models/{given.model}.yaml: weights.url: {error}") from None
    if checksum is None:
        record(url, f"sha256:{fetched.sha256}", CHECKSUMS)
    facts = {"weights": "official", "reason": None, "url": url, "licence": official.licence}
    return Result(outcome="ok", artifacts=_files(fetched, official), facts=facts)


def _files(fetched: Artifact, official: Weights) -> dict[str, Artifact]:
    """The fetched file, or what an archive holds (below the folder that the model names)."""
    path = Path(fetched.path)
    if not is_archive(path):
        return {path.name: fetched}
    unpacked = path.with_name("unpacked")
    wanted = unpacked / (official.folder or "")
    inside = [file for file in unpack(path, unpacked) if file.is_relative_to(wanted)]
    if not inside:
        raise RetableError(f"{path}: holds no folder {official.folder!r} (key weights.folder)")
    return {str(file.relative_to(wanted)): artifact(file) for file in inside}
