"""What a table's conditions say of the players that were timed."""

from small_suite import Small

from retable.conditions import conditions_of
from retable.contract import Result
from retable.records import Record

VERSIONS = {"python": "3.12.0", "onnxruntime": "1.31.1"}
PLAYERS = ["onnxruntime_cuda", "onnxruntime_cuda_graph"]


def test_two_players_of_one_library_stand_apart_and_the_library_is_named_once():
    small = Small({"A": {}}, device="h200")
    launch = Result(
        outcome="ok",
        versions=VERSIONS,
        facts={"threads": 1},
        samples={"latency_sync": [1.0], "latency_sum": [1.0]},
    )
    cases = [f"{player}.none.fp32" for player in PLAYERS]
    assert small.names == cases
    measured = small.measured(dict.fromkeys(cases, launch))
    host = Record(
        step="probe",
        subject={},
        outcome="ok",
        reason=None,
        artifacts={},
        facts={"machine": {"cpu": "A CPU", "cores": 2}},
        versions={},
        seconds=1.0,
    )
    (table,) = small.plan.suite.tables
    found = {
        one.name: one.here
        for one in conditions_of(table, small.plan, measured, [], {"host": host}, "quick")
    }
    assert found["library"] == "onnxruntime 1.31.1"
    assert found["threads"] == "onnxruntime_cuda: 1, onnxruntime_cuda_graph: 1"
    answers = small.answers("A", dict.fromkeys(cases, launch))
    assert [answer.backend for answer in answers] == PLAYERS
