"""What a table's conditions say of the players that were timed."""

from typing import Any

from small_suite import Small

from retable.comparing.answers import Measurements
from retable.comparing.conditions import conditions_of
from retable.contract import Result
from retable.records import Record
from retable.steps.compare import _versions

VERSIONS = {"python": "3.12.0", "onnxruntime": "1.31.1"}
PLAYERS = ["onnxruntime_cuda", "onnxruntime_cuda_graph"]


def probed(machine: dict[str, Any]) -> Record:
    return Record(
        step="probe",
        subject={},
        outcome="ok",
        reason=None,
        artifacts={},
        facts={"machine": machine},
        versions={},
        seconds=1.0,
    )


def here(
    small: Small,
    measured: Measurements,
    environments: dict[str, Record],
    published: dict[str, str] | None = None,
) -> dict[str, str]:
    """What differs from a table whose values were published so, by the condition's name."""
    (table,) = small.plan.suite.tables
    table = table.model_copy(update={"conditions": published or {}})
    found = conditions_of(table, small.plan, measured, [], environments, "quick")
    return {one.name: one.here for one in found}


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
    host = probed({"cpu": "A CPU", "cores": 2})
    found = here(small, measured, {"host": host})
    assert found["library"] == "onnxruntime 1.31.1"
    assert found["threads"] == "onnxruntime_cuda: 1, onnxruntime_cuda_graph: 1"
    answers = small.answers("A", dict.fromkeys(cases, launch))
    assert [answer.backend for answer in answers] == PLAYERS


def test_a_run_call_on_a_gpu_is_told_from_one_into_a_librarys_own_memory() -> None:
    run = {"latency_sync": [3.0], "latency_run_d2h": [2.0], "latency_run": [1.0]}
    small = Small({"A": {}}, device="h200")
    launch = Result(outcome="ok", facts={"fields": ["latency_sync"]}, samples=run)
    measured = small.measured(dict.fromkeys(small.names, launch))
    assert here(small, measured, {"host": probed({})})["transfers"] == (
        "host to device and back (latency_run has neither, latency_run_d2h the way back)"
    )
    own = launch.model_copy(update={"facts": {"fields": ["latency_run_d2h", "latency_run"]}})
    measured = small.measured(dict.fromkeys(small.names, own))
    assert (
        "its outputs are in its own memory"
        in here(small, measured, {"host": probed({})})["transfers"]
    )


def test_the_precision_differs_where_the_table_is_of_another() -> None:
    small = Small({"A": {}})
    launch = Result(outcome="ok", versions=VERSIONS, samples={"latency_sync": [1.0]})
    measured = small.measured(dict.fromkeys(small.names, launch))
    probes = {"host": probed({})}
    assert here(small, measured, probes, {"precision": "FP16"})["precision"] == "FP32"
    assert "precision" not in here(small, measured, probes, {"precision": "FP32"})
    assert "precision" not in here(small, measured, probes)


def test_versions_are_those_of_all_cases_of_a_player() -> None:
    """Only what follows some engines is in torch."""
    small = Small({"plain": {}, "followed": {"post": "torch_max"}})
    versions = [VERSIONS, {**VERSIONS, "torch": "2.13.0"}]
    launches = {
        name: Result(outcome="ok", versions=one, samples={"latency_sync": [1.0]})
        for name, one in zip(small.names, versions, strict=True)
    }
    assert _versions(small.plan, small.measured(launches)) == {"null": versions[1]}


def test_a_tables_own_counts_are_told_where_they_are_asked_for() -> None:
    asked = {"first": {"options": {"warmup": 50, "repeats": 40}}, "other": {}}
    launch = Result(outcome="ok", versions=VERSIONS, samples={"latency_sync": [1.0]})

    def of(rows: dict[str, dict]) -> dict[str, str]:
        small = Small(rows)
        measured = small.measured(dict.fromkeys(small.names, launch))
        return here(small, measured, {"host": probed({})})

    told = of({"first": asked["first"]})
    assert told["warm-up"] == "50 iterations"
    assert told["duration"].startswith("40 iterations a start")
    assert told["device"].endswith("unknown CPU, unknown cores")
    assert of(asked)["warm-up"].startswith("at least 200 ms")
    launch.facts["program"] = {"most_samples": 20}
    assert of({"first": asked["first"]})["duration"].endswith(
        "as make 0.5 s, 20 at most: each tells a mean alone, and no convergence is asked for"
    )
