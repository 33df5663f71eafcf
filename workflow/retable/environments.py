"""Entering the environment that a record describes."""

from pathlib import Path

from retable.places import Place
from retable.records import Record, read_record
from retable.runtimes import Prepared, runtime


def place_of(environment: Path) -> Place:
    """Enter the environment whose record lies at `environment`."""
    record = read_record(environment)
    return enter(record)


def enter(record: Record) -> Place:
    name = record.subject["runtime"]
    prepared = Prepared(record.facts["python"], record.facts["identity"], record.facts)
    entered = runtime(name, f"environment {record.subject['environment']}")
    return entered.enter(prepared, entered.Settings.model_validate(record.facts["settings"]))
