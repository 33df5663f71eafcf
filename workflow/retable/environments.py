"""Entering the environment that a record describes."""

from pathlib import Path

from retable.places import LocalPlace
from retable.records import Record, read_record
from retable.runtimes import Prepared, runtime


def place_of(environment: Path) -> LocalPlace:
    """Enter the environment whose record lies at `environment`."""
    record = read_record(environment)
    return enter(record)


def enter(record: Record) -> LocalPlace:
    name = record.subject["runtime"]
    prepared = Prepared(record.facts["python"], record.facts["identity"])
    return runtime(name, f"environment {record.subject['environment']}").enter(prepared)
