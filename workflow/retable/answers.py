"""From sessions to answers: what each case of a cell measured, beside what was published."""

from collections.abc import Mapping
from dataclasses import asdict

from retable.cases import Block, Case, Cell, Ending
from retable.comparison import Answer, Interval
from retable.contract import Result
from retable.fields import field_samples, field_used
from retable.plan import Plan
from retable.sessions import Session
from retable.statistics import STATISTICS, Estimate, across_launches

REPRODUCED_WITHIN = 0.05  # on the published device: the ratio's interval lies within 1 +- this


class Measurements:
    """The sessions of a suite on a device, by block; all that measuring left behind."""

    def __init__(self, plan: Plan, sessions: Mapping[str, Session]) -> None:
        self._plan = plan
        self._sessions = sessions

    def launch_values(self, case: Case, cell: Cell, statistic: str) -> dict[int, float] | Ending:
        """The statistic of each launch, by round, in the cell's unit; or why there is none."""
        if case.ending is not None:
            return case.ending
        session = self._sessions[self._block(case).name]
        ended = session.cases[case.name]
        if ended.outcome != "ok":
            return Ending(ended.outcome, ended.reason or "")
        if cell.measure.field is None or statistic not in STATISTICS:
            wanted = cell.measure.score or statistic
            return Ending("unavailable", f"{wanted!r} is not computed by this version of retable")
        memory = self._plan.device.memory_of(case.backend)
        values = {}
        for launch in session.launches:
            if launch.case == case.name:
                samples = field_samples(
                    cell.measure.field, case.request.post, launch.result, memory
                )
                if samples is None:
                    reason = f"{case.backend} does not give {cell.measure.field}"
                    return Ending("unsupported", reason)
                in_unit = samples / milliseconds_in(cell.measure.unit, case.request.batch)
                values[launch.round] = STATISTICS[statistic](in_unit)
        return values

    def answer(self, case: Case, cell: Cell, published: float | None) -> Answer:
        """What the case measured for the cell, beside the published value."""
        ending = self.launch_values(case, cell, cell.measure.statistic or "")
        if isinstance(ending, Ending):
            return self._answer(case, outcome=ending.outcome, reason=ending.reason)
        results = self.results(case)
        assert cell.measure.field is not None
        measured = across_launches(list(ending.values()))
        ratio = measured.scaled(1 / published) if published else None
        used = field_used(cell.measure.field, results[0], self._plan.device.memory_of(case.backend))
        return self._answer(
            case,
            outcome="ok",
            field=used if used != cell.measure.field else None,
            measured=interval(measured),
            ratio=interval(ratio) if ratio else None,
            verdict=self._verdict(cell, ratio),
            launches=len(results),
            samples=sum(len(next(iter(result.samples.values()))) for result in results),
        )

    def results(self, case: Case) -> list[Result]:
        """What the launches of a case left, in the order of the session."""
        session = self._sessions.get(self._block(case).name)
        if session is None:
            return []
        return [launch.result for launch in session.launches if launch.case == case.name]

    def _block(self, case: Case) -> Block:
        return self._plan.block_of(case)

    def _verdict(self, cell: Cell, ratio: Estimate | None) -> str | None:
        if ratio is None or cell.measured_on != self._plan.device.device:
            return None
        if abs(ratio.low - 1) <= REPRODUCED_WITHIN and abs(ratio.high - 1) <= REPRODUCED_WITHIN:
            return "reproduced"
        outside = ratio.low > 1 + REPRODUCED_WITHIN or ratio.high < 1 - REPRODUCED_WITHIN
        return "differs" if outside else "undecided"

    def _answer(self, case: Case, **rest: object) -> Answer:
        return Answer.model_validate(
            {
                "backend": case.player,
                "case": case.name,
                "block": case.request.block,
                "reason": None,
                **rest,
            }
        )


def milliseconds_in(unit: str, batch: int) -> float:
    """How many milliseconds one unit of a latency is; 1 for rates, which take milliseconds."""
    return {"s": 1000.0, "ms/item": float(batch)}.get(unit, 1.0)


def interval(estimate: Estimate) -> Interval:
    return Interval(**asdict(estimate))
