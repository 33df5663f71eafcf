"""A case's chain: its graphs' and its engine's fidelity, and the stages that lost too much."""

from types import SimpleNamespace

import pytest

from retable.comparing.chains import Fidelities
from retable.comparing.comparison import Chain
from retable.records import Record

REQUEST = SimpleNamespace(model="net", input_key="8x8", tail="argmax", precision="fp16", block="b")
CASE = SimpleNamespace(
    name="case", request=REQUEST, engine="e", native=False, graph_precision="fp16"
)


def record(subject: dict[str, str], facts: dict[str, object], outcome: str = "ok") -> Record:
    return Record(
        step="fidelity",
        subject=subject,
        outcome=outcome,
        reason=None if outcome == "ok" else "it crashed",
        artifacts={},
        facts=facts,
        versions={},
        seconds=0.0,
    )


def graph(tail: str, precision: str, **facts: float) -> Record:
    subject = {"model": "net", "input": "8x8", "tail": tail, "precision": precision}
    return record(subject, dict(facts))


def chain(engine: Record, *graphs: Record) -> Chain:
    plan = SimpleNamespace(runnable_cases=[CASE])
    (found,) = Fidelities(graphs, [engine]).chains(plan)  # type: ignore[arg-type]
    return found


@pytest.fixture
def graphs() -> list[Record]:
    """Of a network whose export and whose FP16 lose more than they may, the export in both ways."""
    return [
        graph("none", "fp32", relative=0.01, agreement=0.99),
        graph("argmax", "fp32", agreement=0.99),
        graph("argmax", "fp16", agreement=0.8),
    ]


def test_each_stage_that_lost_too_much_is_told_once(graphs: list[Record]) -> None:
    found = chain(record({"block": "b", "case": "case"}, {"agreement": 0.8}), *graphs)
    assert [(one.stage, one.measure) for one in found.drops] == [
        ("export", "agreement"),
        ("precision", "agreement"),
    ]
    assert found.drops[1].lost == pytest.approx(0.19)
    assert (found.model, found.input, found.case) == ("net", "8x8", "case")


def test_an_engine_that_gave_nothing_has_its_reason_and_the_graphs_their_drops(
    graphs: list[Record],
) -> None:
    found = chain(record({"block": "b", "case": "case"}, {}, "crashed"), *graphs)
    assert found.reason == "it crashed"
    assert [one.stage for one in found.drops] == ["export", "precision"]


@pytest.mark.parametrize(("outcome", "told"), [("ok", {}), ("crashed", {("b", "e"): "it crashed"})])
def test_an_engine_whose_output_could_not_be_held_against_the_frameworks_is_told(outcome, told):
    plan = SimpleNamespace(runnable_cases=[CASE])
    engine = record({"block": "b", "case": "case"}, {}, outcome)
    assert Fidelities([], [engine]).unheld(plan) == told


def test_a_case_whose_engine_was_not_looked_at_has_no_chain(graphs: list[Record]) -> None:
    plan = SimpleNamespace(runnable_cases=[CASE])
    assert Fidelities(graphs, []).chains(plan) == []  # type: ignore[arg-type]
