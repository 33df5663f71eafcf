"""Fetch a model's official weights, or record why embedded or random ones take their place."""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from retable.archives import is_archive, unpack
from retable.config.model import Weights
from retable.contract import Artifact, Result
from retable.downloads import Unreachable
from retable.errors import RetableError
from retable.fetching import fetched
from retable.files import artifact
from retable.records import leave_record
from retable.steps.options import add_output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="the model's name")
    parser.add_argument(
        "--official",
        type=Weights.model_validate_json,
        required=True,
        help="where the official weights are: the model's key 'weights', as JSON",
    )
    parser.add_argument(
        "--weights", choices=["auto", "official", "embedded", "random"], required=True
    )
    parser.add_argument("--mirror", help="a folder or URL prefix to fetch from instead")
    add_output(parser)


def run(given: argparse.Namespace) -> None:
    official: Weights = given.official

    def produce() -> Result:
        if given.weights == "random":
            return _random("asked for: weights=random")
        if given.weights == "embedded":
            return _instead(given, "asked for: weights=embedded")
        if official.url is None:
            return _unpublished(given, official)
        try:
            return _official(given, official)
        except Unreachable as error:
            if given.weights == "official":
                raise RetableError(
                    f"{error} (or let others take their place: --config weights=random)"
                ) from None
            return _instead(given, f"the official weights could not be fetched: {error}")

    made = leave_record(given.output, "fetch", {"model": given.model}, {}, produce)
    used = made.facts.get("weights")
    if used in ("embedded", "random"):
        print(f"fetch {given.model}: {used} weights: {made.facts['reason']}", flush=True)


def _instead(given: argparse.Namespace, reason: str) -> Result:
    """The weights that lie in this repository, or random ones where there are none."""
    embedded = given.official.embedded
    if embedded is None:
        return _random(reason)
    path = Path(embedded.file)
    if not path.is_file():
        raise RetableError(
            f"config/models/{given.model}.yaml: weights.embedded.file: {path} is not there"
        )
    facts = {"weights": "embedded", "reason": reason, "trained_on": embedded.trained_on}
    return Result(outcome="ok", artifacts={path.name: artifact(path)}, facts=facts)


def _random(reason: str) -> Result:
    return Result(outcome="ok", facts={"weights": "random", "reason": reason})


def _unpublished(given: argparse.Namespace, official: Weights) -> Result:
    if given.weights == "official":
        return Result(outcome="unavailable", reason=f"no official weights: {official.unpublished}")
    return _instead(given, f"no official weights: {official.unpublished}")


def _official(given: argparse.Namespace, official: Weights) -> Result:
    url = official.url
    assert url is not None
    target = given.output.with_suffix("") / Path(urlsplit(url).path).name
    where = f"config/models/{given.model}.yaml: weights.url"
    found = fetched(url, target, checksum=official.checksum, mirror=given.mirror, where=where)
    facts = {"weights": "official", "reason": None, "url": url, "licence": official.licence}
    return Result(outcome="ok", artifacts=_files(found, official), facts=facts)


def _files(found: Artifact, official: Weights) -> dict[str, Artifact]:
    """The fetched file, or what an archive holds (below the folder that the model names)."""
    path = Path(found.path)
    if not is_archive(path):
        return {path.name: found}
    unpacked = path.with_name("unpacked")
    wanted = unpacked / (official.folder or "")
    inside = [file for file in unpack(path, unpacked) if file.is_relative_to(wanted)]
    if not inside:
        raise RetableError(f"{path}: holds no folder {official.folder!r} (key weights.folder)")
    return {str(file.relative_to(wanted)): artifact(file) for file in inside}
