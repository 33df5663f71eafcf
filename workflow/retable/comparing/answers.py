"""From sessions to answers: what each case of a cell measured, beside what was published."""

from retable.cases import Case, Cell, Ending, Measure
from retable.comparing.cautions import cautions_of
from retable.comparing.comparison import Answer, Interval
from retable.comparing.measurements import Measurements, interval, over_launches
from retable.comparing.paces import at_pace, pace_of
from retable.comparing.readings import Reading
from retable.comparing.statistics import STATISTICS, Statistic
from retable.sessions import CaseEnding
from retable_statistics.launches import Estimate, apart

REPRODUCED_WITHIN = 0.05  # on the published device: the ratio's interval lies within 1 +- this


def answer_of(case: Case, cell: Cell, published: float | None, measured: Measurements) -> Answer:
    """What the case measured for the cell, beside the published value."""
    if cell.measure.score is not None:
        return _scored(case, cell, measured)
    found = measured.reading(case, cell)
    if isinstance(found, Ending):
        return _answer(case, cell, measured, outcome=found.outcome, reason=found.reason)
    name = cell.measure.statistic
    assert name is not None
    statistic = STATISTICS[name]
    shortage = _shortage(statistic, found)
    if shortage is not None:
        return _answer(case, cell, measured, outcome="not_converged", reason=f"{name} {shortage}")
    scale = 1 / milliseconds_in(cell.measure.unit, case.request.batch)
    value = over_launches(found.per_round(statistic), scale)
    comparable = measured.compares_times and measured.plan.size is None and not statistic.of_count
    ratio = value.scaled(1 / published) if published and comparable else None
    ended = _ended(case, found, measured)
    return _answer(
        case,
        cell,
        measured,
        outcome=ended.outcome,
        reason=ended.reason,
        field=_other_field(case, cell, measured),
        measured=interval(value),
        ratio=interval(ratio) if ratio else None,
        verdict=None if _is_beside(case, cell) else _verdict(cell, ratio, measured),
        launches=len(found.rounds),
        samples=sum(len(series.times) for series in found.rounds.values()),
        basis="all" if statistic.of_all else found.basis,
        kept_share=found.kept_share,
        of_all=interval(over_launches(found.on("all").per_round(statistic), scale)),
        pace_ms=pace_of(found),
        at_pace=_at_its_pace(found, statistic, scale),
        cautions=measured.of_device
        + measured.of_engine(case)
        + cautions_of(found, statistic, measured.launches(case), measured.session(case)),
    )


def _scored(case: Case, cell: Cell, measured: Measurements) -> Answer:
    found = measured.scores.value(case, cell)
    if isinstance(found, Ending):
        return _answer(case, cell, measured, outcome=found.outcome, reason=found.reason)
    return _answer(case, cell, measured, outcome="ok", score=found)


def _ended(case: Case, found: Reading, measured: Measurements) -> CaseEnding:
    """How the case ended; it has not converged where its launches' medians do not agree.

    A launch may stay in one state of the machine and look steady: another may not.
    """
    session = measured.session(case)
    ended = session.cases[case.name]
    target = session.job.budget.measure.target
    if ended.outcome != "ok" or not target:
        return ended
    distance = apart(over_launches(found.per_round(STATISTICS["median"])))
    if distance <= 2 * target:
        return ended
    reason = f"the launches' medians lie {100 * distance:.1f} % to either side"
    return CaseEnding(outcome="not_converged", reason=reason)


def _other_field(case: Case, cell: Cell, measured: Measurements) -> str | None:
    """The samples that stand in for the cell's field, if they have another name."""
    used = measured.field_used(case, cell)
    return used if used != cell.measure.field else None


def _verdict(cell: Cell, ratio: Estimate | None, measured: Measurements) -> str | None:
    if ratio is None or cell.measured_on != measured.plan.device.device:
        return None
    if abs(ratio.low - 1) <= REPRODUCED_WITHIN and abs(ratio.high - 1) <= REPRODUCED_WITHIN:
        return "reproduced"
    outside = ratio.low > 1 + REPRODUCED_WITHIN or ratio.high < 1 - REPRODUCED_WITHIN
    return "differs" if outside else "undecided"


def _answer(case: Case, cell: Cell, measured: Measurements, /, **rest: object) -> Answer:
    return Answer.model_validate(
        {
            "backend": case.label,
            "case": case.name,
            "block": case.request.block,
            "beside": _is_beside(case, cell),
            "reason": None,
            "cautions": measured.of_device,
            **rest,
        }
    )


def _is_beside(case: Case, cell: Cell) -> bool:
    return case.request.role != cell.request.role


def _shortage(statistic: Statistic, found: Reading) -> str | None:
    shortages = (statistic.shortage(series.times) for series in found.rounds.values())
    return next((shortage for shortage in shortages if shortage), None)


def _at_its_pace(found: Reading, statistic: Statistic, scale: float) -> Interval | None:
    """The value at one pace, where the statistic leaves out what others disturbed."""
    pace_ms = pace_of(found)
    paced = None if pace_ms is None or statistic.of_all else at_pace(found, pace_ms)
    return interval(over_launches(paced.per_round(statistic), scale)) if paced else None


def median_cell(case: Case, field: str) -> Cell:
    """The cell that asks for the median of a case's field: it stands in no table."""
    return Cell("", "", "", case.request, Measure(field, "median", None, "ms"), None)


def milliseconds_in(unit: str, batch: int) -> float:
    """How many milliseconds one unit of a latency is; 1 for rates, which take milliseconds."""
    return {"s": 1000.0, "ms/item": float(batch)}.get(unit, 1.0)
