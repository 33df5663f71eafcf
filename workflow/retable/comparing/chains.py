"""Each case's chain, from pictures to its engine's output: what every stage changed, and where."""

from collections.abc import Iterable, Iterator

from retable.cases import Case
from retable.comparing.comparison import Chain, Drop
from retable.comparing.stages import Stage, drops
from retable.plan import Plan
from retable.records import Record


class Fidelities:
    """The records of `fidelity`, by graph, and of `engine_fidelity`, by case."""

    def __init__(self, graphs: Iterable[Record], engines: Iterable[Record]) -> None:
        self._graphs = {
            tuple(one.subject[key] for key in ("model", "input", "tail", "precision")): one
            for one in graphs
        }
        self._engines = {(one.subject["block"], one.subject["case"]): one for one in engines}

    def chains(self, plan: Plan) -> list[Chain]:
        """The chains of all cases whose engine's output was looked at, in the plan's order."""
        cases = ((case, self._engine(case)) for case in plan.runnable_cases)
        return [self._chain(case, engine) for case, engine in cases if engine is not None]

    def unheld(self, plan: Plan) -> dict[tuple[str, str], str]:
        """Why an engine's output could not be held against the framework's, by block and engine."""
        cases = ((case, self._engine(case)) for case in plan.runnable_cases)
        return {
            (case.request.block, case.engine): engine.reason or engine.outcome
            for case, engine in cases
            if engine is not None and engine.outcome != "ok"
        }

    def _engine(self, case: Case) -> Record | None:
        return self._engines.get((case.request.block, case.name))

    def _chain(self, case: Case, engine: Record) -> Chain:
        return Chain(
            model=case.request.model,
            input=case.request.input_key,
            case=case.name,
            reason=engine.reason,
            facts=engine.facts,
            drops=_one_a_stage(self._stages(case, engine)),
        )

    def _stages(self, case: Case, engine: Record) -> Iterator[Stage]:
        """The stages that have figures, in their order."""
        if "input" in engine.facts:
            yield Stage("input", "fp32", engine.facts["input"])
        if not case.native:
            yield from self._of_graphs(case)
        if engine.outcome == "ok":
            yield Stage("engine", case.request.precision, engine.facts)

    def _of_graphs(self, case: Case) -> Iterator[Stage]:
        request = case.request
        wanted = [("export", "none", "fp32")]
        if request.tail != "none":
            wanted.append(("tail", request.tail, "fp32"))
        if case.graph_precision != "fp32":
            wanted.append(("precision", request.tail, case.graph_precision))
        for stage, tail, precision in wanted:
            record = self._graphs.get((request.model, request.input_key, tail, precision))
            if record is not None and record.outcome == "ok":
                yield Stage(stage, precision, record.facts)


def _one_a_stage(stages: Iterable[Stage]) -> list[Drop]:
    """What each stage lost more than it may, by the first of its measures."""
    found: dict[str, Drop] = {}
    for drop in drops(stages):
        found.setdefault(drop.stage, Drop(**vars(drop)))
    return list(found.values())
