"""What is said against a value, in its answer and in its row of the page."""

from typing import Any, get_args

import numpy as np
import pytest
from small_comparison import ROWS, cell, table
from small_suite import Small, measured_by_turns

from retable.comparing.comparison import Answer, Caution
from retable.contract import Result
from retable.pages.texts import CAUTIONS, Footnotes, table_rows

NULL = "null.none.fp32"
TURNS = 5  # one a second, of four samples each
STEADY = [[1.0, 1.01, 0.99, 1.0]] * TURNS


def launch(turns=STEADY, steady: bool = True, **counted: list[float]) -> Result:
    left = measured_by_turns(turns, **counted)
    facts = {**left.facts, "warmup": {"steady": steady}}
    return left.model_copy(update={"facts": facts})


def watched(source: str, facts: dict[str, Any] | None = None, **columns: Any) -> dict[str, Any]:
    """What one source saw, twice a second from before the first turn to after the last."""
    times = [half / 2 for half in range(-2, 2 * TURNS + 2)]
    values = [
        column if isinstance(column, list) else [column] * len(times) for column in columns.values()
    ]
    rows = [list(row) for row in zip(times, *values, strict=True)]
    record = {"columns": list(columns), "rows": rows, "facts": facts or {}, "reason": None}
    return {"sources": {source: record}, "reason": None}


QUIET_GPU = watched("nvml", sm_clock_mhz=1980, clock_event_reasons=0)


def answer(*launches: Result, telemetry: dict[str, Any] | None = None, **column: str) -> Answer:
    (found,) = Small({"A": column}).answers("A", {NULL: list(launches)}, telemetry=telemetry)
    assert found.measured is not None
    return found


def row_of(found: Answer) -> tuple[str, list[str]]:
    """The answer as its row shows it, and the page's footnotes."""
    footnotes = Footnotes()
    made = table(cell(ROWS[0], found), rows=ROWS[:1], backends=["null"])
    return table_rows(made, footnotes)[0][-1], footnotes.texts


@pytest.mark.parametrize("telemetry", [None, QUIET_GPU, {"sources": {}, "reason": "switched off"}])
def test_of_a_quiet_session_there_is_nothing_to_say(telemetry):
    found = answer(*[launch()] * 3, telemetry=telemetry)
    assert found.cautions == []
    text, footnotes = row_of(found)
    assert text.startswith("1.000 [1.000, 1.000]")
    assert footnotes == []


def test_a_session_in_which_the_gpu_throttled_is_flagged_in_its_row():
    hot = watched("nvml", sm_clock_mhz=1980, clock_event_reasons=0x40)
    found = answer(*[launch()] * 3, telemetry=hot)
    (caution,) = found.cautions
    assert caution.kind == "throttled"
    assert caution.text.startswith(
        "round 1: the GPU was throttled by the hardware thermal slowdown"
    )
    text, footnotes = row_of(found)
    assert text.endswith(" [1]")
    assert footnotes == ["throttled: the device throttled itself"]


def test_a_session_whose_samples_drift_is_flagged_in_its_row():
    drifting = launch(np.linspace(1.0, 1.1, 20).reshape(TURNS, 4).tolist())
    found = answer(*[drifting] * 3)
    (caution,) = found.cautions
    assert (caution.kind, caution.text) == ("drift", "the samples of a launch get 9.5 % slower")
    text, footnotes = row_of(found)
    assert text.endswith(" [1]")
    assert footnotes == ["drift: the samples go on getting slower, or faster, while they are taken"]


def test_samples_that_get_faster_drift_too():
    faster = launch(np.linspace(1.1, 1.0, 20).reshape(TURNS, 4).tolist())
    (caution,) = answer(*[faster] * 3).cautions
    assert caution.text.endswith("% faster")


def test_one_launch_that_drifts_may_have_met_anything():
    drifting = launch(np.linspace(1.0, 1.1, 20).reshape(TURNS, 4).tolist())
    assert answer(launch(), drifting, launch()).cautions == []


@pytest.mark.parametrize(("peak", "told"), [(4.0, True), (1.02, False)])
def test_a_mean_that_few_samples_move_is_flagged_in_its_row(peak, told):
    turn = [0.99, 1.0, 1.0, 1.01]
    apart = launch([*[turn] * (TURNS - 1), [0.99, 1.0, 1.0, peak]])
    found = answer(*[apart] * 3)
    if not told:
        assert found.cautions == []
        return
    assert found.cautions == [
        Caution(
            kind="outliers",
            text="5.0 % of the samples stand apart from their launch's median "
            "and move the value 15.0 % up",
        )
    ]
    text, footnotes = row_of(found)
    assert text.endswith(" [1]")
    assert footnotes[0].startswith("outliers: ")


def test_what_is_to_tell_the_slowest_or_the_middle_has_no_outliers():
    apart = launch([[1.0, 1.0, 1.01, 4.0]] * TURNS)
    for statistic in ("median", "total_time"):
        found = answer(*[apart] * 3, statistic=statistic)
        assert "outliers" not in [one.kind for one in found.cautions]


def test_launches_that_never_got_steady_are_counted():
    found = answer(launch(steady=False), launch(), launch(steady=False))
    assert found.cautions == [
        Caution(kind="unsteady", text="no steady state by the end of warm-up in 2 of 3 launches")
    ]


def test_launches_that_compiled_while_they_were_timed_are_counted():
    compiled = {
        number: launch().model_copy(
            update={"facts": {**launch().facts, "compilation": {"clusters": 6, "late": number}}}
        )
        for number in (0, 2)
    }
    assert answer(compiled[0], launch(), compiled[0]).cautions == []
    found = answer(compiled[0], compiled[2], launch())
    assert found.cautions == [
        Caution(kind="compiling", text="more was compiled while it was timed in 1 of 3 launches")
    ]
    assert row_of(found)[1][0].startswith("compiling: ")


def contended(waited: float, cpu: float) -> Result:
    """Three quarters of the samples took 30 ms, of which this went into waiting and computing."""
    return launch(
        [[10.0, 30.0, 30.0, 30.0]] * TURNS,
        waited=[0.0, waited, waited, waited] * TURNS,
        cpu=[10.0, cpu, cpu, cpu] * TURNS,
    )


@pytest.mark.parametrize(
    ("launch_", "basis", "what"),
    [
        (contended(20.0, 10.0), "cpu", "the value is the CPU time of the one thread that ran"),
        (contended(10.0, 60.0), "all", "the value has their time in it"),
    ],
)
def test_a_value_whose_samples_were_mostly_disturbed_says_what_it_is_of(launch_, basis, what):
    found = answer(*[launch_] * 3)
    assert (found.basis, found.kept_share) == (basis, 0.25)
    assert found.cautions[0] == Caution(
        kind="contended", text=f"75 % of the samples had to wait for a CPU: {what}"
    )


def test_a_value_of_undisturbed_samples_has_no_contention_to_tell():
    few = launch(
        [[10.0, 30.0, 10.0, 10.0]] * TURNS,
        waited=[0.0, 20.0, 0.0, 0.0] * TURNS,
        cpu=[10.0] * 4 * TURNS,
    )
    found = answer(*[few] * 3)
    assert (found.basis, found.kept_share) == ("kept", 0.75)
    assert found.cautions == []


@pytest.mark.parametrize(
    ("kind", "telemetry"),
    [
        ("clock", watched("nvml", {"locked_sm_clock_mhz": 1980.0}, sm_clock_mhz=1500)),
        ("steal", watched("steal", steal_share=0.2)),
        ("contended", watched("psi", waiting_share=0.5)),
        ("throttled", watched("thermal", {"trips_c": {"CPU_c": 90.0}}, CPU_c=95.0)),
    ],
)
def test_what_the_machine_did_meanwhile_is_said(kind, telemetry):
    (caution,) = answer(*[launch()] * 3, telemetry=telemetry).cautions
    assert caution.kind == kind
    assert caution.text.startswith("round 1: ")


def test_what_happened_before_the_first_turn_or_after_the_last_is_not_held_against_it():
    outside = [0x40] * 2 + [0] * (2 * TURNS - 1) + [0x40] * 3
    telemetry = watched("nvml", sm_clock_mhz=1980, clock_event_reasons=outside)
    assert answer(*[launch()] * 3, telemetry=telemetry).cautions == []


def test_what_happened_in_several_rounds_is_said_once_and_of_the_first():
    hot = watched("nvml", sm_clock_mhz=1980, clock_event_reasons=0x8)
    texts = [one.text for one in answer(*[launch()] * 3, telemetry=hot).cautions]
    assert len(texts) == 1
    assert texts[0].startswith("round 1: ")


def test_of_an_engine_that_nobody_could_check_its_values_say_so_also_with_work_behind_it():
    columns = {"A": {}, "B": {"post": "numpy_argmax"}, "C": {"tail": "argmax"}}
    unheld = {("tiny_8x8", "tiny/8x8/none/fp32/null"): "2 of 8 numbers are NaN"}
    small = Small(columns, unheld=unheld)
    launches = {name: [launch()] for name in small.names}
    cautions = {name: small.answers(name, launches)[0].cautions for name in columns}
    told = [Caution(kind="unheld", text="2 of 8 numbers are NaN")]
    assert cautions == {"A": told, "B": told, "C": []}


def test_everything_that_can_be_said_has_its_words_on_the_page():
    kinds = get_args(Caution.model_fields["kind"].annotation)
    assert set(CAUTIONS) == set(kinds)
    found = answer(launch()).model_copy(
        update={"cautions": [Caution(kind=kind, text="with figures") for kind in kinds]}
    )
    text, footnotes = row_of(found)
    assert [note.partition(": ")[0] for note in footnotes] == list(kinds)
    assert text.endswith(" ".join(f"[{number + 1}]" for number in range(len(kinds))))
