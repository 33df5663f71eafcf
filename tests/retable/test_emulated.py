"""An emulated device's page: every value says so, and no time is held against another."""

import dataclasses
from pathlib import Path

import pytest
from small_comparison import ROWS, cell, comparison, failed, measured, table
from small_suite import CONFIGURATION, Small

from retable.comparing.answers import answer_of
from retable.comparing.cautions import EMULATED
from retable.comparing.comparison import Scoring
from retable.comparing.compilations import compiled_cases
from retable.comparing.measurements import Measurements
from retable.comparing.scores import Scores
from retable.comparing.scoring import scorings_of
from retable.comparing.splits import compared_splits
from retable.config.suite import Plot
from retable.pages.page import page_of
from retable.pages.plots import bar_of, drawable, has_answers
from retable.pages.texts import Footnotes, scores_table, table_rows
from retable.records import Record

TEMPLATE = Path(__file__).parents[2] / "workflow" / "templates" / "suite.md.j2"
FAST, SLOW = "null.none.fp32", "null.argmax.fp32"
COLUMNS = {"plain": {}, "argmax": {"tail": "argmax"}, "FP16": {"precision": "fp16"}}
SESSION = {FAST: [[1.0], [1.1], [1.0]], SLOW: [[2.0], [2.0], [2.1]]}
CLAIM = {"ratio_of": {"tail": "none"}, "to": {"tail": "argmax"}, "expect": {"below": 1}}
SPLITS = {
    "case": {"role": "engine", "input": "8x8"},
    "models": ["tiny"],
    "precisions": ["fp32"],
    "of": [
        {
            "work": "A label",
            "alternatives": [{"tail": "argmax"}, {"tail": "none", "outside": "Argmax"}],
        }
    ],
}
XLA = {name: {"options": {"xla": name}} for name in ("none", "gpu")}
EITHER = pytest.mark.parametrize("emulated", [False, True])


def test_the_devices_file_says_that_it_is_emulated() -> None:
    said = {name for name, device in CONFIGURATION.devices.items() if device.emulated}
    assert said == {"arm64-emulated"}


@EITHER
def test_a_time_has_a_caution_and_no_ratio_to_the_published_one(emulated: bool) -> None:
    (answer,) = Small(COLUMNS, {"plain": 3.0}, emulated=emulated).answers("plain", SESSION)
    assert answer.measured is not None
    assert answer.measured.value == 1.0
    assert (answer.ratio is None, answer.verdict is None) == (emulated, emulated)
    assert (EMULATED in answer.cautions) == emulated


def test_what_has_no_number_says_it_too() -> None:
    (answer,) = Small(COLUMNS, emulated=True).answers("FP16", SESSION)
    assert (answer.outcome, answer.cautions) == ("unsupported", [EMULATED])


@EITHER
def test_a_claim_about_times_is_not_judged(emulated: bool) -> None:
    (answer,) = Small(COLUMNS, claim=CLAIM, emulated=emulated).judged(SESSION).answers
    if emulated:
        assert answer.verdict == "not testable"
        assert answer.detail == "unsupported: times under emulation are compared with nothing"
        assert [pair.measured for pair in answer.pairs] == [None]
    else:
        assert answer.verdict == "holds"


@EITHER
def test_no_split_is_answered(emulated: bool) -> None:
    small = Small(COLUMNS, splits=SPLITS, emulated=emulated)
    assert len(compared_splits(small.plan, small.measured(SESSION))) == (0 if emulated else 1)


@EITHER
def test_compiling_is_told_and_not_what_it_brings(emulated: bool) -> None:
    asked = {"option": "xla", "plain": "none", "field": "latency_sync"}
    small = Small(XLA, compilation=asked, emulated=emulated)
    session = {f"{FAST}.xla=none": SESSION[SLOW], f"{FAST}.xla=gpu": SESSION[FAST]}
    _, compiled = compiled_cases(small.plan, small.measured(session))
    assert compiled.answer.measured is not None
    assert (compiled.to_plain is None) == emulated


def scoring(emulated: bool) -> Scoring:
    """Both cases, scored on streets and timed."""
    small = Small(COLUMNS, emulated=emulated)
    accuracy = CONFIGURATION.suites["fast-scnn"].accuracy
    plan = dataclasses.replace(
        small.plan, suite=small.plan.suite.model_copy(update={"accuracy": accuracy})
    )
    timed = small.measured(SESSION)
    timed.scores = Scores([_score(FAST, 0.5), _score(SLOW, 0.25)], "embedded")
    (found,) = scorings_of(plan, timed, CONFIGURATION, {"data": "embedded"})
    return found


def _score(case: str, miou: float) -> Record:
    return Record(
        step="score",
        subject={"block": "tiny_8x8", "case": case, "metric": "segmentation", "set": "streets"},
        outcome="ok",
        reason=None,
        artifacts={},
        facts={"metrics": {"miou": miou}, "images": 2},
        versions={},
        seconds=1.0,
    )


def test_accuracy_stays_and_no_latency_stands_beside_it() -> None:
    assert len(drawable(scoring(emulated=False))) == 2
    found = scoring(emulated=True)
    assert not drawable(found)
    footnotes = Footnotes()
    header, *rows = scores_table(found, footnotes)
    assert [row[header.index("miou")] for row in rows] == ["0.5000", "0.2500"]
    assert [row[-1] for row in rows] == ["– emulated [1]"] * 2


@EITHER
def test_a_score_of_a_table_says_it_and_is_compared(emulated: bool) -> None:
    column = {"score": "miou", "unit": "%", "field": None, "statistic": None}
    small = Small({"plain": column}, emulated=emulated)
    measured_ = Measurements(small.plan, {}, Scores([_score(FAST, 0.5)], "embedded"))
    (case,) = small.plan.answers[small.cell("plain")]
    answer = answer_of(case, small.cell("plain"), 60.0, measured_)
    assert answer.score == 50.0
    assert (answer.cautions == [EMULATED]) == emulated
    assert bar_of("null", cell(ROWS[0], answer)) == (50.0, 50.0, 50.0)


# The page

EMULATED_TABLE = table(
    cell(
        ROWS[0],
        measured(8.0, cautions=[EMULATED]),
        failed("two", "unsupported", "no FP16").model_copy(update={"cautions": [EMULATED]}),
    ),
    rows=ROWS[:1],
)


def test_every_cell_of_a_row_says_it() -> None:
    footnotes = Footnotes()
    ((*_, published, one, two),) = table_rows(EMULATED_TABLE, footnotes)
    assert published == "10.00"
    assert one == "8.000 [7.200, 8.800] emulated [1]"
    assert two == "– [2] emulated [1]"
    assert footnotes.texts[0].startswith("emulated: the numbers are that processor's own;")
    assert "compared with nothing" in footnotes.texts[0]


def test_its_times_are_in_no_plot() -> None:
    plot = Plot(title="A plot", table="argmax", column="FP32")
    assert not has_answers(plot, [EMULATED_TABLE])
    assert has_answers(plot, [table(cell(ROWS[0], measured(8.0)))])


def test_the_page_says_it_first_and_draws_nothing(tmp_path: Path) -> None:
    page = tmp_path / "small.md"
    text = page_of(comparison(emulated=True, tables=[EMULATED_TABLE]), TEMPLATE, page)
    assert text.index("> **Emulated.**") < text.index("## Argmax and where")
    assert "tiny_8x8, emulated" in text
    assert "x)" not in text.split("## Argmax and where")[1].split("What differs:")[0]
    assert not list(tmp_path.glob("*.png"))
    assert "Emulated" not in page_of(comparison(), TEMPLATE, page)
