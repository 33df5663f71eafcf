"""Where numbers come from: what a case was made of, and which code timed it, by hash."""

import subprocess
from pathlib import Path

from retable.contract import Artifact
from retable.files import digest_of
from retable.places import PACKAGES
from retable.records import Record
from retable.sessions import Origin

RUNNER = ("retable_runner", "retable_statistics")  # what runs on the device


def origin_of(
    engine: Record, files: dict[str, Artifact], sample: Record, environment: Record
) -> Origin:
    """What the records of a case say that it was made of; `files` are all that is launched."""
    return Origin(
        source=engine.facts.get("source", {}),
        engine=files,
        engine_identity=engine.facts.get("identity"),
        elsewhere=engine.facts.get("engine", {}).get("elsewhere", []),
        sample=sample.artifacts.get("sample"),
        environment=environment.facts.get("identity", ""),
        image=environment.facts.get("image_id"),
        phone=environment.facts.get("phone", {}).get("serial"),
    )


def runner_sha256() -> str:
    """One hash of all source files that run on the device."""
    found = [path for package in RUNNER for path in (PACKAGES / package).rglob("*.py")]
    return digest_of(PACKAGES, (str(path.relative_to(PACKAGES)) for path in found))


def source_commit() -> str | None:
    """The commit of this checkout, with `+` behind it where files differ from it; else None."""
    try:
        top = _git("rev-parse", "--show-toplevel")
        if Path(top).resolve() != Path().resolve():
            return None  # the checkout of something else
        return _git("describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*") or None
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or no repository


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()
