"""What measuring left of a suite on a device: its sessions and scores, by case and by cell."""

from collections.abc import Mapping

from retable.cases import Block, Case, Cell, Ending
from retable.comparing.cautions import EMULATED
from retable.comparing.comparison import Caution, Interval
from retable.comparing.fields import field_used
from retable.comparing.readings import Basis, Reading, ratio_by_round, reading
from retable.comparing.scores import Scores
from retable.comparing.statistics import STATISTICS
from retable.contract import Result
from retable.plan import Plan
from retable.sessions import MEASURED, Launch, Session, launches_of
from retable_statistics.launches import Estimate, floor_of, median_of_launches, ratio_of_rounds


class Measurements:
    """The sessions of a plan, by block, and its scores.

    `unheld` tells of engines, by block and path, why nobody knows what they compute.
    """

    def __init__(
        self,
        plan: Plan,
        sessions: Mapping[str, Session],
        scores: Scores,
        unheld: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.plan = plan
        self._sessions = sessions
        self.scores = scores
        self._unheld = unheld or {}

    @property
    def compares_times(self) -> bool:
        """Whether one time may be held against another: not those of an emulated processor."""
        return not self.plan.device.emulated

    @property
    def of_device(self) -> list[Caution]:
        """What speaks against every value of the device, whatever was measured."""
        return [EMULATED] if self.plan.device.emulated else []

    def of_engine(self, case: Case) -> list[Caution]:
        """What speaks against every value of the case's engine, also with other work behind it."""
        reason = self._unheld.get((case.request.block, case.engine))
        return [] if reason is None else [Caution(kind="unheld", text=reason)]

    def reading(self, case: Case, cell: Cell) -> Reading | Ending:
        """The samples with which the case answers the cell's field; or why there are none."""
        if case.ending is not None:
            return case.ending
        ended = self.session(case).cases[case.name]
        if ended.outcome not in MEASURED:
            return Ending(ended.outcome, ended.reason or "")
        assert cell.measure.field is not None
        found = self._read(case, cell.measure.field)
        if found is None:
            return Ending("unsupported", f"{case.player} does not give {cell.measure.field}")
        return found

    def latency(self, case: Case, field: str) -> Estimate | None:
        """The median of a field over the launches of a case; None where it was not measured."""
        session = self._found_session(case)
        if session is None or session.cases[case.name].outcome not in MEASURED:
            return None
        found = self._read(case, field)
        return None if found is None else over_launches(found.per_round(STATISTICS["median"]))

    def ratio(self, upper: Reading, lower: Reading) -> Estimate | None:
        """Upper over lower, paired by round; None where they have no round in common."""
        ratios = ratio_by_round(upper, lower)
        return ratio_of_rounds(list(ratios.values())) if ratios else None

    def noise_floor(
        self, block: Block, field: str | None, basis: Basis | None = None
    ) -> float | None:
        """How far the block's A/A pair lies apart in a field; None if it was not timed.

        On its own basis, or on that of what it is to be compared with.
        """
        session = self._sessions.get(block.name)
        twin = session.twin if session else None
        case = next((one for one in block.runnable if one.name == twin), None)
        if case is None or field is None:
            return None
        sides = [self._read(case, field), self._read(case, field, twin=True)]
        if not all(side is not None and side.rounds for side in sides):
            return None
        ratio = self.ratio(*(side.on(basis or side.basis) for side in sides if side))
        return None if ratio is None else floor_of(ratio)

    def field_used(self, case: Case, cell: Cell) -> str | None:
        """The samples that answer the cell's field; None where the case has none."""
        results = self.results(case)[:1]
        if cell.measure.field is None or not results:
            return None
        return field_used(cell.measure.field, results[0], self._memory(case))

    def on_device(self, case: Case) -> bool:
        """Whether the case's inputs and outputs live on a device, and not in host memory."""
        return self._memory(case) == "device"

    def elsewhere(self, case: Case) -> list[str]:
        """The nodes of the case's engine that do not run on the processor meant."""
        session = self._found_session(case)
        origin = session.origins.get(case.name) if session else None
        return origin.elsewhere if origin else []

    def results(self, case: Case) -> list[Result]:
        """What the launches of a case left, in the order of the session."""
        return [launch.result for launch in self.launches(case)]

    def launches(self, case: Case, twin: bool = False) -> list[Launch]:
        """The launches of a case, or those of it as the block's twin."""
        session = self._found_session(case)
        return launches_of(session, case.name, twin) if session else []

    def session(self, case: Case) -> Session:
        """The session of the case's block; KeyError where it was not timed."""
        return self._sessions[self.plan.block_of(case).name]

    def _found_session(self, case: Case) -> Session | None:
        return self._sessions.get(self.plan.block_of(case).name)

    def _read(self, case: Case, field: str, twin: bool = False) -> Reading | None:
        return reading(self.launches(case, twin), field, case.request.post, self._memory(case))

    def _memory(self, case: Case) -> str:
        return self.plan.device.memory_of(case.player)


def over_launches(values: Mapping[int, float], scale: float = 1.0) -> Estimate:
    """The median of the launches' values, by round, with their interval; all times `scale`."""
    found: Estimate = median_of_launches([value * scale for value in values.values()])
    return found


def interval(estimate: Estimate) -> Interval:
    """An estimate as a comparison holds it."""
    return Interval(**estimate._asdict())
