"""From sessions to answers: what each case of a cell measured, beside what was published."""

from collections.abc import Mapping

from retable.cases import Block, Case, Cell, Ending, Measure
from retable.comparing.cautions import EMULATED, cautions_of
from retable.comparing.comparison import Answer, Caution, Interval
from retable.comparing.fields import field_used
from retable.comparing.paces import at_pace, pace_of
from retable.comparing.readings import Basis, Reading, ratio_by_round, reading
from retable.comparing.scores import Scores
from retable.comparing.statistics import STATISTICS, Statistic
from retable.contract import Result
from retable.plan import Plan
from retable.sessions import MEASURED, CaseEnding, Launch, Session, launches_of
from retable_statistics.launches import (
    Estimate,
    apart,
    floor_of,
    median_of_launches,
    ratio_of_rounds,
)

REPRODUCED_WITHIN = 0.05  # on the published device: the ratio's interval lies within 1 +- this


class Measurements:
    """The sessions of a suite on a device, by block, and its scores: all that measuring left."""

    def __init__(self, plan: Plan, sessions: Mapping[str, Session], scores: Scores) -> None:
        self._plan = plan
        self._sessions = sessions
        self.scores = scores

    @property
    def compares_times(self) -> bool:
        """Whether one time may be held against another: not those of an emulated processor."""
        return not self._plan.device.emulated

    @property
    def of_device(self) -> list[Caution]:
        """What speaks against every value of the device, whatever was measured."""
        return [EMULATED] if self._plan.device.emulated else []

    def reading(self, case: Case, cell: Cell) -> Reading | Ending:
        """The samples with which the case answers the cell's field; or why there are none."""
        if case.ending is not None:
            return case.ending
        ended = self._session(case).cases[case.name]
        if ended.outcome not in MEASURED:
            return Ending(ended.outcome, ended.reason or "")
        assert cell.measure.field is not None
        found = self._read(case, cell.measure.field)
        if found is None:
            return Ending("unsupported", f"{case.backend} does not give {cell.measure.field}")
        return found

    def latency(self, case: Case, field: str) -> Estimate | None:
        """The median of a field over the launches of a case; None where it was not measured."""
        session = self._sessions.get(self._plan.block_of(case).name)
        if session is None or session.cases[case.name].outcome not in MEASURED:
            return None
        found = self._read(case, field)
        return None if found is None else _over_launches(found.per_round(STATISTICS["median"]), 1)

    def answer(self, case: Case, cell: Cell, published: float | None) -> Answer:
        """What the case measured for the cell, beside the published value."""
        if cell.measure.score is not None:
            return self._scored(case, cell)
        found = self.reading(case, cell)
        if isinstance(found, Ending):
            return self._answer(case, cell, outcome=found.outcome, reason=found.reason)
        name = cell.measure.statistic
        assert name is not None
        statistic = STATISTICS[name]
        shortage = _shortage(statistic, found)
        if shortage is not None:
            return self._answer(case, cell, outcome="not_converged", reason=f"{name} {shortage}")
        scale = 1 / milliseconds_in(cell.measure.unit, case.request.batch)
        measured = _over_launches(found.per_round(statistic), scale)
        comparable = self.compares_times and self._plan.size is None and not statistic.of_count
        ratio = measured.scaled(1 / published) if published and comparable else None
        ended = self._ended(case, found)
        return self._answer(
            case,
            cell,
            outcome=ended.outcome,
            reason=ended.reason,
            field=self._other_field(case, cell),
            measured=interval(measured),
            ratio=interval(ratio) if ratio else None,
            verdict=None if _is_beside(case, cell) else self._verdict(cell, ratio),
            launches=len(found.rounds),
            samples=sum(len(series.times) for series in found.rounds.values()),
            basis="all" if statistic.of_all else found.basis,
            kept_share=found.kept_share,
            of_all=interval(_over_launches(found.on("all").per_round(statistic), scale)),
            pace_ms=pace_of(found),
            at_pace=_at_its_pace(found, statistic, scale),
            cautions=self.of_device + cautions_of(found, self._launches(case), self._session(case)),
        )

    def _scored(self, case: Case, cell: Cell) -> Answer:
        found = self.scores.value(case, cell)
        if isinstance(found, Ending):
            return self._answer(case, cell, outcome=found.outcome, reason=found.reason)
        return self._answer(case, cell, outcome="ok", score=found)

    def ratio(self, upper: Reading, lower: Reading) -> Estimate | None:
        """Upper over lower, paired by round; None where they have no round in common."""
        ratios = ratio_by_round(upper, lower)
        return ratio_of_rounds(list(ratios.values())) if ratios else None

    def noise_floor(self, block: Block, cell: Cell, basis: Basis | None = None) -> float | None:
        """How far the block's A/A pair lies apart in the cell's field; None if it was not timed.

        On its own basis, or on that of what it is to be compared with.
        """
        session = self._sessions.get(block.name)
        twin = session.twin if session else None
        case = next((one for one in block.runnable if one.name == twin), None)
        if case is None or cell.measure.field is None:
            return None
        field = cell.measure.field
        sides = [self._read(case, field), self._read(case, field, twin=True)]
        if not all(side is not None and side.rounds for side in sides):
            return None
        ratio = self.ratio(*(side.on(basis or side.basis) for side in sides if side))
        return None if ratio is None else floor_of(ratio)

    def results(self, case: Case) -> list[Result]:
        """What the launches of a case left, in the order of the session."""
        return [launch.result for launch in self._launches(case)]

    def _ended(self, case: Case, found: Reading) -> CaseEnding:
        """How the case ended; it has not converged where its launches' medians do not agree.

        A launch may stay in one state of the machine and look steady: another may not.
        """
        session = self._session(case)
        ended = session.cases[case.name]
        target = session.job.budget.measure.target
        if ended.outcome != "ok" or not target:
            return ended
        distance = apart(_over_launches(found.per_round(STATISTICS["median"]), 1))
        if distance <= 2 * target:
            return ended
        reason = f"the launches' medians lie {100 * distance:.1f} % to either side"
        return CaseEnding(outcome="not_converged", reason=reason)

    def _read(self, case: Case, field: str, twin: bool = False) -> Reading | None:
        return reading(self._launches(case, twin), field, case.request.post, self._memory(case))

    def _launches(self, case: Case, twin: bool = False) -> list[Launch]:
        session = self._sessions.get(self._plan.block_of(case).name)
        return launches_of(session, case.name, twin) if session else []

    def _session(self, case: Case) -> Session:
        return self._sessions[self._plan.block_of(case).name]

    def _memory(self, case: Case) -> str:
        return self._plan.device.memory_of(case.backend)

    def _other_field(self, case: Case, cell: Cell) -> str | None:
        """The samples that stand in for the cell's field, if they have another name."""
        assert cell.measure.field is not None
        used = field_used(cell.measure.field, self.results(case)[0], self._memory(case))
        return used if used != cell.measure.field else None

    def _verdict(self, cell: Cell, ratio: Estimate | None) -> str | None:
        if ratio is None or cell.measured_on != self._plan.device.device:
            return None
        if abs(ratio.low - 1) <= REPRODUCED_WITHIN and abs(ratio.high - 1) <= REPRODUCED_WITHIN:
            return "reproduced"
        outside = ratio.low > 1 + REPRODUCED_WITHIN or ratio.high < 1 - REPRODUCED_WITHIN
        return "differs" if outside else "undecided"

    def _answer(self, case: Case, cell: Cell, **rest: object) -> Answer:
        return Answer.model_validate(
            {
                "backend": case.player,
                "case": case.name,
                "block": case.request.block,
                "beside": _is_beside(case, cell),
                "reason": None,
                "cautions": self.of_device,
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
    return interval(_over_launches(paced.per_round(statistic), scale)) if paced else None


def _over_launches(values: Mapping[int, float], scale: float) -> Estimate:
    found: Estimate = median_of_launches([value * scale for value in values.values()])
    return found


def median_cell(case: Case, field: str) -> Cell:
    """The cell that asks for the median of a case's field: it stands in no table."""
    return Cell("", "", "", case.request, Measure(field, "median", None, "ms"), None)


def milliseconds_in(unit: str, batch: int) -> float:
    """How many milliseconds one unit of a latency is; 1 for rates, which take milliseconds."""
    return {"s": 1000.0, "ms/item": float(batch)}.get(unit, 1.0)


def interval(estimate: Estimate) -> Interval:
    return Interval(**estimate._asdict())
