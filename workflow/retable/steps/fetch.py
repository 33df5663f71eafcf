"""Fetch a model's official weights, or record why random ones take their place."""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from retable.archives import is_archive, unpack
from retable.checksums import record, recorded
from retable.config.entry import read_entry
from retable.config.model import Model
from retable.contract import Artifact, Result
from retable.downloads import Unreachable, download
from retable.errors import RetableError
from retable.files import artifact
from retable.records import leave_record
from retable.steps.options import add_model, add_output

CHECKSUMS = Path("data/checksums.json")


def arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument("--weights", choices=["auto", "official", "random"], required=True)
    parser.add_argument("--mirror", help="a folder or URL prefix to fetch from instead")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    model = read_entry(Model, given.model)

    def produce() -> Result:
        if given.weights == "random":
            return _random("asked for: weights=random")
        if model.weights.url is None:
            return _unpublished(given, model)
        try:
            return _official(given, model)
        except Unreachable as error:
            if given.weights == "official":
                raise RetableError(
                    f"{error} (or let random weights take their place: --config weights=random)"
                ) from None
            return _random(f"the official weights could not be fetched: {error}")

    made = leave_record(given.output, "fetch", {"model": model.model}, {}, produce)
    if made.facts.get("weights") == "random":
        print(f"fetch {model.model}: random weights: {made.facts['reason']}", flush=True)


def _random(reason: str) -> Result:
    return Result(outcome="ok", facts={"weights": "random", "reason": reason})


def _unpublished(given: argparse.Namespace, model: Model) -> Result:
    if given.weights == "official":
        return Result(
            outcome="unavailable", reason=f"no official weights: {model.weights.unpublished}"
        )
    return _random(f"no official weights: {model.weights.unpublished}")


def _official(given: argparse.Namespace, model: Model) -> Result:
    url = model.weights.url
    assert url is not None
    target = given.output.with_suffix("") / Path(urlsplit(url).path).name
    checksum = model.weights.checksum or recorded(url, CHECKSUMS)
    try:
        fetched = download(url, target, checksum=checksum, mirror=given.mirror)
    except RetableError as error:
        raise type(error)(f"{given.model}: weights.url: {error}") from None
    if checksum is None:
        record(url, f"sha256:{fetched.sha256}", CHECKSUMS)
    facts = {"weights": "official", "reason": None, "url": url, "licence": model.weights.licence}
    return Result(outcome="ok", artifacts=_files(fetched, model), facts=facts)


def _files(fetched: Artifact, model: Model) -> dict[str, Artifact]:
    """The fetched file, or what an archive holds (below the folder that the model names)."""
    path = Path(fetched.path)
    if not is_archive(path):
        return {path.name: fetched}
    unpacked = path.with_name("unpacked")
    wanted = unpacked / (model.weights.folder or "")
    inside = [file for file in unpack(path, unpacked) if file.is_relative_to(wanted)]
    if not inside:
        raise RetableError(f"{path}: holds no folder {model.weights.folder!r} (key weights.folder)")
    return {str(file.relative_to(wanted)): artifact(file) for file in inside}
