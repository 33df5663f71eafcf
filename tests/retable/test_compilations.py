"""What compiling costs and brings: cases with and without, from sessions made by hand; its page."""

import argparse
from pathlib import Path

import pytest
from small_comparison import cell, comparison, failed, measured
from small_suite import Small, measured_by_turns

from retable.comparing.comparison import Compiled
from retable.comparing.compilations import compiled_cases
from retable.config.suite import Plot
from retable.contract import Result
from retable.files import write_json
from retable.pages.compilations import compiled_table, setting_sentences
from retable.pages.setting_plots import _bars
from retable.pages.texts import Footnotes
from retable.steps import report

TEMPLATE = Path(__file__).parents[2] / "workflow" / "templates" / "suite.md.j2"
ASKED = {"option": "xla", "plain": "none", "field": "latency_sync"}
COLUMNS = {name: {"options": {"xla": name}} for name in ("none", "gpu")} | {"bare": {}}
PLAIN, WITH, BARE = "null.none.fp32.xla=none", "null.none.fp32.xla=gpu", "null.none.fp32"


def launch(time: float, clusters: int, seconds: float, late: int = 0) -> Result:
    """What a launch left that took this time throughout, and compiled so many clusters."""
    result = measured_by_turns([[time] * 4] * 3)
    compilation = {"clusters": clusters, "seconds": seconds, "calls": 2, "late": late}
    facts = {**result.facts, "first_call_ms": 100 + 1e3 * seconds, "compilation": compilation}
    return result.model_copy(update={"facts": facts})


def compiled(launches: dict[str, object], **changes: object) -> list[Compiled]:
    small = Small(COLUMNS, compilation=ASKED, **changes)  # type: ignore[arg-type]
    return compiled_cases(small.plan, small.measured(launches))  # type: ignore[arg-type]


def three(time: float, clusters: int, *seconds: float, late: int = 0) -> list[Result]:
    return [launch(time, clusters, each, late) for each in seconds]


LAUNCHES = {
    PLAIN: three(8.0, 0, 0.0, 0.0, 0.0),
    WITH: three(4.0, 23, 0.5, 0.7, 2.0, late=1),
    BARE: three(8.0, 0, 0.0, 0.0, 0.0),
}


def test_cases_with_the_option_stand_beside_the_one_that_compiles_nothing():
    plain, with_ = compiled(LAUNCHES)
    assert [plain.setting, with_.setting] == ["xla=none", "xla=gpu"]
    assert plain.to_plain is None
    assert (plain.clusters, plain.late, plain.compile_s, plain.first_call_ms) == (0, 0, 0, 100)
    assert with_.to_plain is not None
    assert with_.to_plain.ratio.value == pytest.approx(0.5)
    assert with_.to_plain.verdict == "faster"
    assert with_.answer.measured is not None
    assert with_.answer.measured.value == 4.0


def test_counts_and_times_are_the_medians_of_the_launches_and_late_ones_are_counted():
    *_, with_ = compiled(LAUNCHES)
    assert (with_.clusters, with_.late) == (23, 3)
    assert (with_.compile_s, with_.first_call_ms) == pytest.approx((0.7, 800))


def test_one_that_failed_says_how_and_has_no_ratio():
    lost = Result(outcome="crashed", reason="SIGABRT: no such flag")
    plain, with_ = compiled({**LAUNCHES, WITH: lost})
    assert plain.answer.measured is not None
    assert (with_.answer.outcome, with_.answer.reason) == ("crashed", "SIGABRT: no such flag")
    assert with_.clusters is with_.late is with_.first_call_ms is with_.to_plain is None


def test_a_suite_that_does_not_ask_has_none():
    small = Small(COLUMNS)
    assert compiled_cases(small.plan, small.measured(LAUNCHES)) == []


def test_a_sentence_a_setting_and_a_row_a_case():
    found = compiled(LAUNCHES)
    assert setting_sentences(found) == [
        "xla=gpu on null: compiles in 1 of 1 network, 23 clusters in 0.7000 s; faster in 1."
    ]
    header, plain, with_ = compiled_table(found, Footnotes())
    assert len(header) == len(plain) == len(with_)
    assert plain[:4] == ["tiny", "8x8", "null", "xla=none"]
    assert with_[:4] == ["", "", "", "xla=gpu"]
    assert with_[6:] == ["23 and 3 while timed", "0.7000", "800.0"]


def test_where_nothing_is_compiled_the_sentence_says_so():
    found = compiled({**LAUNCHES, WITH: three(8.0, 0, 0.0, 0.0, 0.0)})
    (sentence,) = setting_sentences(found)
    assert sentence.startswith("xla=gpu on null: nothing is compiled in any of 1 network; ")


def test_the_page_has_the_table_and_both_kinds_of_plots(tmp_path: Path):
    lost = failed("null", "crashed", "killed")
    found = compiled(LAUNCHES)
    found.append(found[1].model_copy(update={"answer": lost, "to_plain": None, "model": "big"}))
    plot = Plot(title="Both", table="argmax", column="FP32", against="argmax")
    made = comparison(compiled=found, plots=[plot])
    write_json(tmp_path / "comparison.json", made.model_dump(by_alias=True))
    given = {"comparison": tmp_path / "comparison.json", "template": TEMPLATE}
    report.run(argparse.Namespace(**given, output=tmp_path / "small.md"))
    text = (tmp_path / "small.md").read_text()
    assert "## What compiling costs and brings" in text
    assert "- xla=gpu on null: compiles in 1 of 1 network" in text
    assert "crashed: killed" in text
    assert "![Speed-up by compiling](small-compiled.png)" in text
    assert "![Both](small-1.png)" in text
    for name in ("small-compiled.png", "small-1.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_score_is_a_bar_too_and_rows_without_any_have_no_place():
    scored = measured(1.0).model_copy(update={"measured": None, "score": 32.8})
    cells = [[cell("a | x | y", scored), cell("b | x | y", failed("one", "timeout", "no end"))]]
    assert _bars("one", cells) == {"a x": [(32.8, 32.8, 32.8)]}


def test_rows_that_tables_name_by_another_third_label_are_one():
    none, gpu = cell("a | x | FP32", measured(2.0)), cell("a | x | Native", measured(1.0))
    (bars,) = _bars("one", [[none], [gpu]]).values()
    assert [bar[0] for bar in bars] == [2.0, 1.0]
