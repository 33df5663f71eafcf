"""The benchmark of a session file: which fields it compares."""

from types import SimpleNamespace

from benchmarks import session as benchmark

from retable.contract import Result
from retable.sessions import Entry, Launch


def launch(case: str, twin: bool, *fields: str) -> Launch:
    return Launch(
        entry=Entry(case=case, round=0, position=0, twin=twin),
        started="2026-11-22T03:00:00.000+00:00",
        seconds=1.0,
        load_average=0.0,
        result=Result(outcome="ok", samples={field: [1.0] for field in fields}),
    )


def test_fields_are_those_of_the_case_that_was_timed_twice():
    launches = [
        launch("a", False, "latency_sync", "latency_pipe"),
        launch("b", False, "latency_sync", "host_post"),
        launch("b", True, "latency_sync", "host_post"),
    ]
    assert benchmark.fields_of(SimpleNamespace(twin="b", launches=launches)) == ["latency_sync"]


def test_a_session_without_an_a_a_pair_is_named_and_left_out(capsys):
    whole = SimpleNamespace(twin="b", job=SimpleNamespace(block="net_8x8"))
    empty = SimpleNamespace(twin=None, job=SimpleNamespace(block="net_16x16"))
    assert benchmark.with_twins([empty, whole]) == [whole]
    assert capsys.readouterr().out == "net_16x16: no case was timed twice\n"
