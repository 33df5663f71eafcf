"""Turn a graph into what one backend runs on one device, unless that engine is there already."""

import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retable.contract import Artifact, Result
from retable.environments import enter
from retable.errors import RetableError
from retable.files import artifact, read_json, verified, write_json
from retable.jobs.build import BuildJob
from retable.places import run_job
from retable.records import Record, leave_record, read_record, verify
from retable.steps.options import add_environment

TIMEOUT_S = 3600
TIMINGS = "timing_cache"  # the role of what a build leaves to the next: no part of an engine
BUILT_FOR = ("architecture", "cpu", "gpu", "driver")  # what an engine may be specialised for
DESCRIPTION = "built.json"  # the result of the build, beside the engine it made


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--player", required=True, help="the backend's name on the device")
    parser.add_argument("--backend", required=True, help="a file in retable_runner/backends")
    parser.add_argument("--precision", required=True, help="what the engine computes in")
    parser.add_argument("--options", type=json.loads, required=True, help="of the backend, as JSON")
    parser.add_argument("--code", required=True, help="digest of the sources that build engines")
    parser.add_argument("--memory-limit-mib", type=int, help="of the building process")
    parser.add_argument("--timings", type=Path, required=True, help="timing cache of the player")
    parser.add_argument("--source", type=Path, required=True, help="record of the graph")
    add_environment(parser)


def run(given: argparse.Namespace) -> None:
    source, environment = read_record(given.source), read_record(given.environment)
    folder = given.output.with_suffix("")

    def produce() -> Result:
        identity = _identity(source, environment, given)
        kept = _kept(folder, identity)
        if kept is not None:
            return kept.model_copy(update={"facts": {**kept.facts, "cached": True}})
        result = _built(given, source, environment, folder)
        if result.outcome == "ok":
            made_of = {role: made.sha256 for role, made in source.artifacts.items()}
            facts = {**result.facts, "source": made_of, "identity": identity, "cached": False}
            result = result.model_copy(update={"facts": facts})
            write_json(folder / DESCRIPTION, result.model_dump(by_alias=True))
        return result

    subject = {**source.subject, "backend": given.player, "precision": given.precision}
    upstream = {"environment": environment, "source": source}
    leave_record(given.output, "build", subject, upstream, produce)


def _identity(source: Record, environment: Record, given: argparse.Namespace) -> str:
    """Hash all that the engine depends on: a change in any of it makes another engine."""
    parts: Mapping[str, Any] = {
        "source": {name: made.sha256 for name, made in sorted(source.artifacts.items())},
        "backend": given.backend,
        "precision": given.precision,
        "options": given.options,
        "code": given.code,
        "environment": environment.facts["identity"],
        "library": _library(environment, given.backend),
        "machine": {name: environment.facts["machine"].get(name) for name in BUILT_FOR},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _library(environment: Record, backend: str) -> Any:
    """The backend's versions as the probe met them: a device may bring its library along."""
    return environment.facts.get("backends", {}).get(backend.replace("_", "-"))


def _kept(folder: Path, identity: str) -> Result | None:
    """The engine that lies in `folder`, if it is the one wanted and whole."""
    description = folder / DESCRIPTION
    if not description.is_file():
        return None
    try:
        result = Result.model_validate(read_json(description))
        for made in result.artifacts.values():
            verified(made)
    except (RetableError, ValueError):
        return None  # damaged: it is built again
    return result if result.facts.get("identity") == identity else None


def _built(given: argparse.Namespace, source: Record, environment: Record, folder: Path) -> Result:
    verify(source)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        made = Path(scratch, "engine")
        job = BuildJob(
            backend=given.backend,
            source={**source.artifacts, **_timings(given.timings, scratch)},
            precision=given.precision,
            options=given.options,
            folder=str(made),
        )
        result = run_job(
            enter(environment),
            "retable_runner",
            job,
            log=given.log,
            timeout_s=TIMEOUT_S,
            memory_limit_mib=given.memory_limit_mib,
        )
        if result.outcome != "ok":
            return result
        _keep_timings(made, result, given.timings)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    return result.model_copy(
        update={
            "artifacts": {
                name: Artifact(
                    path=str(folder / Path(engine.path).relative_to(made)),
                    sha256=engine.sha256,
                    bytes=engine.bytes,
                )
                for name, engine in result.artifacts.items()
                if name != TIMINGS
            }
        }
    )


def _timings(kept: Path, scratch: str) -> dict[str, Artifact]:
    """What earlier builds of the player have timed; a copy, which no build beside replaces."""
    if not kept.is_file():
        return {}
    copy = Path(scratch, "timings")
    shutil.copyfile(kept, copy)
    return {TIMINGS: artifact(copy)}


def _keep_timings(made: Path, result: Result, kept: Path) -> None:
    """Leave the timings that a build has made to the next; of two at once, the last one's stay."""
    if TIMINGS in result.artifacts:
        (made / Path(result.artifacts[TIMINGS].path).name).replace(kept)
