"""The benchmark of a session's efficiency: where its seconds went."""

from types import SimpleNamespace

import pytest
from benchmarks import pipeline

from retable.contract import Result
from retable.sessions import Entry, Launch

# Two turns of a second, of two samples and of four.
FACTS = {
    "load_ms": 900.0,
    "first_call_ms": 1000.0,
    "warmup": {"ms": 500.0},
    "duration_ms": 2000.0,
}
LATENCIES = [500.0, 500.0, 250.0, 250.0, 250.0, 250.0]


def launch(position: int, begins_s: int, ends_s: float, result: Result) -> Launch:
    return Launch(
        entry=Entry(case="a", round=0, position=position, twin=position > 0),
        started=f"2026-11-22T03:00:0{begins_s}.000+00:00",
        seconds=ends_s - begins_s,
        load_average=0.0,
        result=result,
    )


def measured(first_turn_s: float, second_turn_s: float, **samples: list[float]) -> Result:
    turns = [
        {"started_s": first_turn_s, "samples": 2},
        {"started_s": second_turn_s, "samples": 4},
    ]
    return Result(
        outcome="ok",
        facts={**FACTS, "turns": turns},
        samples={"latency_sync": LATENCIES, **samples},
    )


def session(launches: list[Launch], seconds: float, resident: int | None) -> SimpleNamespace:
    job = SimpleNamespace(block="net_8x8", device="null", resident=resident)
    return SimpleNamespace(job=job, launches=launches, seconds=seconds)


def test_a_turn_has_its_samples_share_of_the_launchs_time():
    found = pipeline.turns_of(launch(0, 0, 9, measured(10, 12)))
    assert found == [(10, pytest.approx(1)), (12, pytest.approx(1))]


def test_a_framework_that_gives_no_latency_sync_has_turns_too():
    whole = measured(10, 12)
    run = whole.model_copy(
        update={
            "facts": {**whole.facts, "fields": ["latency_run_d2h", "latency_run"]},
            "samples": {"latency_run_d2h": LATENCIES, "latency_run": [1.0] * 6},
        }
    )
    assert pipeline.turns_of(launch(0, 0, 9, run)) == pipeline.turns_of(launch(0, 0, 9, whole))


def test_launches_loaded_together_take_turns_and_end_together():
    # Both load in 2 s, make their first inferences and warm up in 3 s; turns of 1 s with gaps of
    # 0.5 s follow, and passes of 1 s, one after the other; both leave their results in 0.25 s.
    pipe = [1000.0, 1000.0]
    launches = [
        launch(0, 0, 12.75, measured(105, 108, latency_pipe=pipe)),
        launch(1, 1, 12.75, measured(106.5, 109.5, latency_pipe=pipe)),
    ]
    one = session(launches, 13, None)
    assert pipeline.parts(one) == pytest.approx(
        {
            "processes": 2.25,
            "first": 2,
            "warm-up": 1,
            "timed": 6,
            "between": 1.5,
            "rest": 0.25,
        }
    )
    assert pipeline.efficiency([one]) == pytest.approx(6 / 13)


def test_first_inferences_at_the_same_time_belong_to_the_processes():
    apart = measured(105, 106)
    facts = {**apart.facts, "first_call_in_loading": True}
    both = [
        pipeline.parts_of_group([launch(0, 0, 9, result)])
        for result in (apart, apart.model_copy(update={"facts": facts}))
    ]
    assert [found["first"] for found in both] == [1, 0]
    assert both[1]["processes"] == both[0]["processes"] + 1


def test_a_pass_behind_the_turns_is_timed_and_a_field_of_the_turns_is_no_pass():
    run = measured(105, 106, latency_run_d2h=[1500.0, 500.0])
    by_turns = run.model_copy(update={"facts": {**run.facts, "fields": ["latency_run_d2h"]}})
    timed = [
        pipeline.parts_of_group([launch(0, 0, 9, result)])["timed"] for result in (run, by_turns)
    ]
    assert timed == [4, 2]


def test_launches_loaded_one_by_one_have_no_time_between_them():
    launches = [launch(0, 0, 4, measured(102, 103)), launch(1, 4, 8, measured(106, 107))]
    assert pipeline.parts(session(launches, 8, resident=1)) == pytest.approx(
        {
            "processes": 1,
            "first": 2,
            "warm-up": 1,
            "timed": 4,
            "between": 0,
            "rest": 0,
        }
    )


def test_a_launch_that_measured_nothing_only_took_time():
    crashed = Result(outcome="crashed", reason="it was killed by SIGABRT")
    found = pipeline.parts(session([launch(0, 0, 3, crashed)], 4, None))
    assert (found["processes"], found["timed"], found["rest"]) == pytest.approx((3, 0, 1))


def test_a_session_that_started_nothing_has_no_row():
    whole = session([launch(0, 0, 9, measured(102, 103))], 9, None)
    rows = pipeline.table([session([], 0, None), whole]).splitlines()
    assert len(rows) == len(pipeline.table([whole]).splitlines())
