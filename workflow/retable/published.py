"""data/published/*.csv: the published values, one row per value, as the documents print them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from retable.errors import RetableError

COLUMNS = ["table", "row", "column", "text", "value", "failed"]


@dataclass(frozen=True)
class Published:
    """One published value. `value` is None where the document shows a failure instead.

    `text` is the cell as printed; `failed` is the document's reason, empty where it succeeded.
    """

    table: str
    row: str
    column: str
    text: str
    value: float | None
    failed: str

    @property
    def place(self) -> tuple[str, str, str]:
        return (self.table, self.row, self.column)


def read_published(path: Path) -> list[Published]:
    """Read the values in the order of the document; a place that stands twice is an error."""
    if not path.is_file():
        raise RetableError(f"{path}: no such file; every suite needs its published values there")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != COLUMNS:
            raise RetableError(f"{path}: the header must be {','.join(COLUMNS)}")
        values = [_published(path, reader.line_num, row) for row in reader]
    seen: set[tuple[str, str, str]] = set()
    for value in values:
        if value.place in seen:
            raise RetableError(f"{path}: {' / '.join(value.place)} stands twice")
        seen.add(value.place)
    return values


def _published(path: Path, line: int, row: dict[str, str]) -> Published:
    try:
        value = float(row["value"]) if row["value"] else None
    except ValueError:
        raise RetableError(f"{path}: line {line}: {row['value']!r} is not a number") from None
    if (value is None) != bool(row["failed"]):
        raise RetableError(f"{path}: line {line}: give a value, or the reason of its failure")
    return Published(row["table"], row["row"], row["column"], row["text"], value, row["failed"])
