"""What a table's conditions say of the players that were timed."""

import pytest
from small_suite import Small

from retable.comparing.conditions import IN_HOST_MEMORY, conditions_of
from retable.comparing.fields import TIMED
from retable.comparing.measurements import Measurements
from retable.contract import Result
from retable.provenance import origin_of
from retable.records import Record
from retable.steps.compare import _versions

VERSIONS = {"python": "3.12.0", "onnxruntime": "1.31.1"}
PLAYERS = ["onnxruntime_cuda", "onnxruntime_cuda_graph"]


def here(
    small: Small,
    measured: Measurements,
    published: dict[str, str] | None = None,
    machine: dict[str, object] | None = None,
) -> dict[str, str]:
    """What differs from a table whose values were published so, by the condition's name."""
    (table,) = small.plan.suite.tables
    table = table.model_copy(update={"conditions": published or {}})
    found = conditions_of(table, small.plan, measured, [], machine or {}, "quick")
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
    found = here(small, measured, machine={"cpu": "A CPU", "cores": 2})
    assert found["device"].endswith("A CPU, 2 cores")
    assert found["library"] == "onnxruntime 1.31.1"
    assert found["threads"] == "onnxruntime_cuda: 1, onnxruntime_cuda_graph: 1"
    answers = small.answers("A", dict.fromkeys(cases, launch))
    assert [answer.backend for answer in answers] == PLAYERS


@pytest.mark.parametrize(
    ("cpus", "threads"),
    [
        ([0, 1, 0], "1, turn by turn on the next of 2 CPUs"),
        ([3, 3], "1, on one CPU"),
        ([None, None], "1"),
        ([], "1"),
    ],
)
def test_the_threads_are_told_with_the_cpus_that_they_took_turns_on(
    cpus: list[int | None], threads: str
) -> None:
    small = Small({"A": {}})
    turns = [{"ms": 25.0, "samples": 3, "cpu": cpu} for cpu in cpus]
    facts = {"threads": 1, "turns": turns}
    launch = Result(outcome="ok", facts=facts, samples={"latency_sync": [1.0]})
    measured = small.measured(dict.fromkeys(small.names, launch))
    assert here(small, measured)["threads"] == f"null: {threads}"


GPU_SAMPLES = {
    "latency_sync": "host to device and back, inside the value",
    "latency_run": "outside the value",
    "latency_run_d2h": "device to host, inside the value",
}


@pytest.mark.parametrize("field", GPU_SAMPLES)
def test_the_timed_region_is_that_of_the_tables_field(field: str) -> None:
    launch = Result(outcome="ok", samples=dict.fromkeys(GPU_SAMPLES, [1.0]))
    small = Small({"A": {"field": field}}, device="h200")
    told = here(small, small.measured(dict.fromkeys(small.names, launch)))
    assert told["timed region"] == TIMED[field]
    assert told["transfers"] == GPU_SAMPLES[field]


def test_players_that_time_another_call_are_told_apart() -> None:
    """A framework's function, and engines whose one call is all that there is."""
    small = Small(
        {"A": {"field": "latency_call", "role": "native", "model": "tiny"}},
        device="cpu",
        framework="tensorflow",
        beside=["engine"],
    )
    own = {"tensorflow": Result(outcome="ok", samples={"latency_call": [1.0]})}
    plain = Result(outcome="ok", samples={"latency_sync": [1.0]})
    launches = {name: own.get(name.split(".")[0], plain) for name in small.names}
    assert len(launches) == 3
    told = here(small, small.measured(launches))
    assert told["timed region"] == (
        f"tensorflow: {TIMED['latency_call']}; openvino, onnxruntime: {TIMED['latency_sync']}"
    )
    assert told["transfers"] == IN_HOST_MEMORY


def test_what_follows_an_engine_is_told_of_its_player() -> None:
    small = Small({"plain": {}, "followed": {"post": "torch_max"}})
    launch = Result(outcome="ok", samples={"latency_sync": [1.0]})
    told = here(small, small.measured(dict.fromkeys(small.names, launch)))
    assert told["timed region"] == (
        f"{TIMED['latency_sync']}, and torch_max behind it where the row says so"
    )


def test_the_precision_differs_where_the_table_is_of_another() -> None:
    small = Small({"A": {}})
    launch = Result(outcome="ok", versions=VERSIONS, samples={"latency_sync": [1.0]})
    measured = small.measured(dict.fromkeys(small.names, launch))
    assert here(small, measured, {"precision": "FP16"})["precision"] == "FP32"
    assert "precision" not in here(small, measured, {"precision": "FP32"})
    assert "precision" not in here(small, measured)


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
        return here(small, measured)

    told = of({"first": asked["first"]})
    assert told["warm-up"] == "50 iterations"
    assert told["duration"].startswith("40 iterations a start")
    assert told["device"].endswith("unknown CPU, unknown cores")
    assert of(asked)["warm-up"].startswith("at least 200 ms")
    launch.facts["program"] = {"most_samples": 20}
    assert of({"first": asked["first"]})["duration"].endswith(
        "as make 0.5 s, 20 at most: each tells a mean alone, and no convergence is asked for"
    )


def test_what_a_build_placed_on_the_cpu_is_told_by_operator() -> None:
    """As the build's record has it, through the session, to the page."""
    small = Small({"A": {}}, device="h200")
    launch = Result(outcome="ok", versions=VERSIONS, samples={"latency_sync": [1.0]})

    def told(nodes: list[str]) -> dict[str, str]:
        engine = record("build", engine={"elsewhere": nodes, "copies": 2 * len(nodes)})
        origin = origin_of(engine, {}, record("sample"), record("environment"))
        launches = dict.fromkeys(small.names, launch)
        return here(small, small.measured(launches, origins={small.names[0]: origin}))

    assert told(["ArgMax head", "Cast a", "Cast b"])["placement"] == (
        f"on the CPU: {small.names[0]}: ArgMax, Cast"
    )
    assert "placement" not in told([])


def record(step: str, **facts: object) -> Record:
    told = {"reason": None, "artifacts": {}, "versions": {}, "seconds": 1.0}
    return Record(step=step, subject={}, outcome="ok", facts=facts, **told)
