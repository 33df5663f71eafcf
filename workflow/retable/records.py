"""What every step leaves behind: a record, which names artifacts by sha256 or gives an outcome."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from retable.contract import Artifact, Message, OutcomeName, Result
from retable.errors import RetableError
from retable.files import read_json, verified, write_json


class Record(Message):
    """The tracked output of a step. Large files lie beside it and are named in `artifacts`."""

    schema_: Literal["retable/record/1"] = Field("retable/record/1", alias="schema")
    step: str
    subject: dict[str, str]  # the wildcards of the rule: which model, input, tail ...
    outcome: OutcomeName
    reason: str | None
    artifacts: dict[str, Artifact]
    facts: dict[str, Any]
    versions: dict[str, str]
    seconds: float


def read_record(path: Path) -> Record:
    try:
        return Record.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RetableError(
            f"{path}: not a record of this version ({where}: {first['msg']}); "
            "delete it and run again"
        ) from None


def verify(*records: Record) -> None:
    """Check that what the records name lies there as it was made, where they made anything."""
    for record in records:
        if record.outcome == "ok":
            for wanted in record.artifacts.values():
                verified(wanted)


def is_damaged(path: Path) -> bool:
    """Whether a record is there and names a file that is not, or that has another length."""
    if not path.is_file():
        return False
    record = read_record(path)
    files = [(Path(made.path), made.bytes) for made in record.artifacts.values()]
    return any(not file.is_file() or file.stat().st_size != size for file, size in files)


def leave_record(
    path: Path,
    step: str,
    subject: Mapping[str, str],
    upstream: Mapping[str, Record],
    produce: Callable[[], Result],
) -> Record:
    """Run `produce` and write its record; where an upstream step has failed, pass that on."""
    start = time.monotonic()
    broken = next((record for record in upstream.values() if record.outcome != "ok"), None)
    if broken is not None:
        result = Result(outcome=broken.outcome, reason=f"{broken.step}: {broken.reason}")
    else:
        result = produce()
    record = Record(
        step=step,
        subject=dict(subject),
        outcome=result.outcome,
        reason=result.reason,
        artifacts=result.artifacts,
        facts=result.facts,
        versions=result.versions,
        seconds=round(time.monotonic() - start, 3),
    )
    write_json(path, record.model_dump(by_alias=True))
    return record
