"""What the predictions of a suite's cases are worth, as the step `score` left it."""

from collections.abc import Iterable

from retable.cases import Case, Cell, Ending
from retable.records import Record

PER_UNIT = {"%": 100.0}  # a score is a share; how many of the unit make a whole


class Scores:
    """The records of `score`, by block and case."""

    def __init__(self, records: Iterable[Record], data: str) -> None:
        """`data` is the run's setting: which data set, or `none`."""
        self._data = data
        self._records = {
            (record.subject["block"], record.subject["case"]): record for record in records
        }

    def record(self, case: Case) -> Record | None:
        return self._records.get((case.request.block, case.name))

    def value(self, case: Case, cell: Cell) -> float | Ending:
        """The score that the cell names, in its unit; or why there is none."""
        if case.ending is not None:
            return case.ending
        wanted = cell.measure.score or ""
        record = self.record(case)
        if self._data == "none":
            return Ending("unavailable", "the run was asked to score nothing: data=none")
        if record is None:
            return Ending("unavailable", f"no data set of this run tells {wanted!r} of this model")
        if record.outcome != "ok":
            return Ending(record.outcome, record.reason or "")
        found = record.facts["metrics"].get(wanted)
        if found is None:
            metric = record.subject["metric"]
            return Ending("unsupported", f"the metric {metric!r} gives no {wanted!r} here")
        return float(found) * PER_UNIT.get(cell.measure.unit, 1.0)
