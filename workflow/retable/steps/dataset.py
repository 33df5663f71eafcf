"""Download, find or draw the pictures of a split of a data set, with their labels."""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from retable.config.dataset import Pictures, Source
from retable.contract import Artifact, Result
from retable.downloads import Unreachable
from retable.entering import of_pictures
from retable.errors import RetableError
from retable.fetching import fetched
from retable.jobs.dataset import DatasetJob
from retable.records import leave_record
from retable.steps.options import add_environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        type=Pictures.model_validate_json,
        required=True,
        help="what of its file decides its pictures, as JSON",
    )
    parser.add_argument("--split", required=True)
    parser.add_argument("--images", type=int, help="the first ones only")
    parser.add_argument("--folder", type=Path, help="the user's own copy of the set")
    parser.add_argument("--mirror", help="a folder or URL prefix to fetch from instead")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    wanted: Pictures = given.set

    def produce() -> Result:
        try:
            files = dict(_file(given, wanted, source) for source in wanted.sources)
        except Unreachable as error:
            return Result(outcome="unavailable", reason=str(error))
        job = DatasetJob(
            set=wanted.loader,
            options={**wanted.options, **_own_folder(given, wanted)},
            fetched=files,
            split=given.split,
            images=given.images,
            folder=str(given.output.with_suffix("")),
        )
        return of_pictures(given, job)

    subject = {"set": wanted.dataset, "split": given.split}
    leave_record(given.output, "dataset", subject, {}, produce)


def _own_folder(given: argparse.Namespace, wanted: Pictures) -> dict[str, str]:
    """Where the user's own copy lies, for a set that needs one."""
    if wanted.folder is None:
        return {}
    if given.folder is None:
        raise RetableError(
            f"config/datasets/{wanted.dataset}.yaml: {wanted.folder}: --config data_folder=FOLDER"
        )
    if not given.folder.is_dir():
        raise RetableError(f"--config data_folder: {given.folder}: no such folder")
    return {"folder": str(given.folder.resolve())}


def _file(given: argparse.Namespace, wanted: Pictures, source: Source) -> tuple[str, Artifact]:
    """One of the set's files, by name; downloaded once for all splits."""
    name = Path(urlsplit(source.url).path).name
    target = given.output.parent / "downloads" / name
    where = f"config/datasets/{wanted.dataset}.yaml: sources"
    mirror = given.mirror
    return name, fetched(source.url, target, checksum=source.checksum, mirror=mirror, where=where)
