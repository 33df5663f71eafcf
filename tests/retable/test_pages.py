"""From a small comparison to the words and numbers of its page."""

import argparse
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import jinja2
import pytest
from small_comparison import ROWS, SMALL, cell, comparison, failed, measured, table
from small_suite import Small

from retable.comparing.comparison import (
    Agreement,
    Answer,
    Caution,
    Chain,
    Comparison,
    Drop,
    Interval,
    Pace,
    WeightsUsed,
)
from retable.comparing.numbers import number, spread, times
from retable.contract import Result
from retable.files import write_json
from retable.pages.rendering import render
from retable.pages.texts import (
    Footnotes,
    agreement_text,
    drops_text,
    floors_text,
    paces_text,
    table_header,
    table_rows,
)
from retable.steps import index, report

TEMPLATES = Path(__file__).parents[2] / "workflow" / "templates"
# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.1234567, "0.1235"),
        (0.01234567, "0.01235"),
        (0.00001234, "0.00001234"),
        (1.234567, "1.235"),
        (12.34567, "12.35"),
        (123.4567, "123.5"),
        (1234.567, "1235"),
        (123456.7, "123457"),
        (-1.234567, "-1.235"),
        (75.0, "75.00"),
    ],
)
def test_numbers_have_four_significant_digits_and_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


def test_a_value_stands_with_its_interval() -> None:
    interval = Interval(value=12.3456, low=9.8765, high=123.456, coverage=0.75)
    assert spread(interval) == "12.35 [9.877, 123.5]"


# Tables


def test_the_header_is_the_keys_then_each_column_published_and_for_every_backend() -> None:
    assert table_header(SMALL) == [
        "Model (Input)",
        "Type",
        "FP32, published",
        "FP32, one",
        "FP32, two",
    ]


def test_a_column_lacks_the_backends_that_answer_none_of_its_cells() -> None:
    on_cpu = cell("a", measured(8.0))
    on_gpu = cell("a", failed("two", "timeout", "too slow")).model_copy(update={"column": "GPU"})
    made = table(on_cpu, on_gpu, rows=["a"], keys=["Model"], columns=["FP32", "GPU"])
    assert table_header(made) == [
        *("Model", "FP32, published", "FP32, one"),
        *("GPU, published", "GPU, two"),
    ]
    (row,) = table_rows(made, Footnotes())
    assert row == ["a", "10.00", "8.000 [7.200, 8.800]", "10.00", "– [1]"]


def test_a_key_that_repeats_the_row_above_is_blank() -> None:
    rows = table_rows(SMALL, Footnotes())
    assert [row[:2] for row in rows] == [
        ["384x576", "argmax"],
        ["", "fused argmax"],
        ["768x1344", "argmax"],
        ["", "fused"],
    ]


def test_the_last_key_always_stands_and_a_new_first_key_shows_the_second_again() -> None:
    rows = ["a | x | 1", "a | x | 2", "b | x | 2", "b | x | 2"]
    keys = ["one", "two", "three"]
    made = table(rows=rows, keys=keys, columns=[], backends=[])
    assert table_rows(made, Footnotes()) == [
        ["a", "x", "1"],
        ["", "", "2"],
        ["b", "x", "2"],
        ["", "", "2"],
    ]


def test_every_row_is_as_wide_as_the_header() -> None:
    wide = table(*SMALL.cells[:3], columns=["FP16", "FP32"])  # no cell in one row, nor in FP16
    for made in (SMALL, wide):
        widths = {len(row) for row in table_rows(made, Footnotes())}
        assert widths == {len(table_header(made))}


def test_a_reason_is_a_footnote_numbered_once_in_the_order_of_need() -> None:
    footnotes = Footnotes()
    rows = [row[2:] for row in table_rows(SMALL, footnotes)]
    assert rows == [
        ["10.00", "8.000 [7.200, 8.800]", "– [1]"],
        ["10.00", "– [2]", "– [2]"],
        ["* [3]", "1.000 [0.9000, 1.100]", "– [1]"],
        ["10.00", "1.000 [0.9000, 1.100]", "2.000 [1.800, 2.200]"],
    ]
    assert footnotes.texts == [
        "timeout: no end after 600 s",
        "unsupported: no FP16",
        "published as failed: it crashed",
    ]


def test_a_number_shows_its_ratio_its_verdict_and_how_it_ended() -> None:
    ratio = Interval(value=0.8, low=0.7, high=0.9, coverage=0.75)
    answers = [
        measured(8.0, ratio=ratio),
        measured(8.0, ratio=ratio, verdict="differs"),
        measured(8.0, outcome="not_converged", reason="no steady state"),
    ]
    footnotes = Footnotes()
    texts = [
        table_rows(table(cell(ROWS[0], answer), rows=ROWS[:1], backends=["one"]), footnotes)[0][-1]
        for answer in answers
    ]
    assert texts == [
        "8.000 [7.200, 8.800] (0.80x)",
        "8.000 [7.200, 8.800] (0.80x) differs",
        "8.000 [7.200, 8.800] [1]",
    ]
    assert footnotes.texts == ["not_converged: no steady state"]


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"agreement": 0.99987}, "99.987 % of pixels have the framework's class"),
        (
            {"agreement": 1.0, "against_definition": 0.5},
            "100.000 % of pixels have the framework's class; "
            "50.000 % are what the tail's definition gives",
        ),
        ({"relative": 1.24e-6}, "differs by at most 1.2e-06 of the output's scale"),
        (
            {"relative": 0.01, "agreement": 0.99},
            "differs by at most 1.0e-02 of the output's scale; "
            "99.000 % of pixels have the framework's class",
        ),
        (
            {"relative": 0.001, "against_definition": 2e-7},
            "differs by at most 1.0e-03 of the output's scale; "
            "2.0e-07 from what the tail's definition gives",
        ),
        (
            {"relative": 2e-5, "agreement": 0.99, "of": "detections", "nearly_tied": 3},
            "differs by at most 2.0e-05 of the output's scale; "
            "99.000 % of detections are the framework's; 3 more are nearly tied",
        ),
    ],
)
def test_agreement_is_one_phrase(facts: dict[str, object], text: str) -> None:
    assert agreement_text(agreement(facts)) == text


PRECISION = Drop(stage="precision", measure="agreement", lost=0.41, allowed=0.05)
INPUT = Drop(stage="input", measure="relative", lost=0.53, allowed=1e-4)
FOUND = PRECISION.model_copy(update={"of": "detections"})
LESS = "precision: 41.0 % of pixels lose the framework's class (rounding explains up to 5 %)"
MOVED = "input: values move by 5.3e-01 of the largest (rounding explains up to 0.0001)"


@pytest.mark.parametrize(
    ("found", "reason", "text"),
    [
        ([PRECISION], None, LESS),
        ([INPUT, PRECISION], None, f"{MOVED}; then {LESS}"),
        (
            [FOUND],
            None,
            LESS.replace(
                "pixels lose the framework's class", "detections are no more the framework's"
            ),
        ),
        ([], None, "no stage"),
        ([], "crashed", ""),
    ],
)
def test_every_stage_that_loses_too_much_is_named(
    found: list[Drop], reason: str | None, text: str
) -> None:
    chain = Chain(model="m", input="8x8", case="c", reason=reason, facts={}, drops=found)
    assert drops_text(chain) == text


def test_a_graph_that_could_not_be_compared_says_why() -> None:
    assert agreement_text(agreement({}, "no kernel")) == "could not be compared: no kernel"


def agreement(facts: dict[str, object], reason: str | None = None) -> Agreement:
    return Agreement(model="m", input="i", graph="g", reason=reason, facts=facts)


def test_a_missing_name_is_an_error_and_not_an_empty_place(tmp_path: Path) -> None:
    template = tmp_path / "x.md.j2"
    template.write_text("{{ here | number }} {{ one.absent }}")
    with pytest.raises(jinja2.UndefinedError, match="absent"):
        render(template, here=1.0, one={})
    with pytest.raises(jinja2.UndefinedError, match="here"):
        render(template, one={"absent": 1})
    assert render(template, here=1.0, one={"absent": "<|>"}) == "1.000 <|>"


# Pages


def page_of(compared: Comparison, folder: Path) -> str:
    """The page of the verb `report`."""
    write_json(folder / "small.json", compared.model_dump(by_alias=True))
    page = folder / "reports" / "small.md"
    given = {"comparison": folder / "small.json", "template": TEMPLATES / "suite.md.j2"}
    return written(report, page, **given)


def written(verb: ModuleType, page: Path, **given: Path | str) -> str:
    """Run a verb with the options of its command line, and read what it wrote."""
    parser = argparse.ArgumentParser()
    verb.arguments(parser)
    options = {**given, "output": page, "log": page.with_suffix(".log")}
    verb.run(parser.parse_args([word for k, v in options.items() for word in (f"--{k}", str(v))]))
    return page.read_text()


def test_a_page_of_the_published_rows_alone_says_so(tmp_path: Path) -> None:
    sentence = "(`further=none`)"
    assert sentence not in page_of(comparison(), tmp_path)
    settings = {**comparison().settings, "further": "none"}
    assert page_of(comparison(settings=settings), tmp_path).count(sentence) == 1


def test_a_page_holds_all_that_a_comparison_says(tmp_path: Path) -> None:
    page = page_of(comparison(), tmp_path)
    lines = page.splitlines()
    for line in [
        "# A small suite",
        "## Argmax and where",
        "Published on: Jetson Nano.",
        "| Model (Input) | Type | FP32, published | FP32, one | FP32, two |",
        "| 384x576 | argmax | 10.00 | 8.000 [7.200, 8.800] | – [1] |",
        "|  | fused argmax | 10.00 | – [2] | – [2] |",
        "- [1] timeout: no end after 600 s",
        "- [3] published as failed: it crashed",
        "| library | TensorRT 8 | ORT 1.31 |",
        "- A note of the table.",
        "| Fused is faster. | 0.66x, holds in 2 of 2 | one | **holds**: 0.50x, holds in 1 of 1 |",
        "A note of the claim.",
        "![A plot](small-1.png)",
        "| tiny | 8x8 | argmax/fp32 | 99.987 % of pixels have the framework's class |",
        "| tiny_8x8 | 2021-01-01T00:00:00.000+00:00 | 12.50 | 12 | one.argmax.fp32 "
        "| latency_sync 0.4 % | 20211 | 0.5000 to 1.250 "
        "| `results/cpu/timings/small/tiny_8x8.json` |",
        "| one | onnxruntime 1.31.1 |",
        "| cpu | Some CPU |",
        "| retable commit | 0123abc |",
        "- A note of the suite.",
        "    snakemake --cores 4 --config device=cpu suite=small"
        " budget=quick weights=random data=embedded further=all seed=7",
    ]:
        assert line in lines
    assert "> **Tiny: random weights.** the host cannot be reached." in page
    assert "Of 3 launches, the interval holds the median of all launches of that session " in page
    assert "with a probability of 75.00 %; another session may meet another machine" in page
    assert "[The document](https://host/document) (MIT)" in page
    assert (tmp_path / "reports" / "small-1.png").is_file()


def test_a_machine_that_does_not_tell_its_cores_has_a_page(tmp_path: Path) -> None:
    assert "(Some CPU, unknown cores)" in page_of(comparison(machine={"cpu": "Some CPU"}), tmp_path)


def test_a_run_that_was_to_score_nothing_says_so(tmp_path: Path) -> None:
    page = page_of(comparison(settings={**comparison().settings, "data": "none"}), tmp_path)
    assert "## Accuracy beside latency\n\nNothing was scored: the run was asked for" in page


@pytest.mark.parametrize("notes", [[], ["Of the suite."]])
def test_a_page_tells_what_the_devices_file_notes(tmp_path: Path, notes: list[str]) -> None:
    page = page_of(comparison(notes=notes, device_notes=["A player is another one."]), tmp_path)
    assert "\n".join(["", "## Notes", "", *[f"- {one}" for one in notes]]) in page
    assert f"\n- {comparison().device_title}: A player is another one.\n" in page
    assert "## Notes" not in page_of(comparison(notes=[], device_notes=[]), tmp_path)


def test_a_page_tells_what_speaks_against_a_value(tmp_path: Path) -> None:
    """One footnote for a kind of caution, whatever its figures; they are in the comparison."""
    hot = [
        Caution(kind="throttled", text=f"round {number}: the GPU was throttled")
        for number in (1, 2)
    ]
    drift = Caution(kind="drift", text="the samples of a launch get 3.0 % slower")
    cells = [
        cell(ROWS[0], measured(8.0, cautions=[hot[0]])),
        cell(ROWS[1], measured(8.0, cautions=[drift, hot[1]])),
        cell(ROWS[2], measured(8.0)),
    ]
    made = comparison(tables=[table(*cells, rows=ROWS[:3], backends=["one"])])
    lines = page_of(made, tmp_path).splitlines()
    for line in [
        "| 384x576 | argmax | 10.00 | 8.000 [7.200, 8.800] [1] |",
        "|  | fused argmax | 10.00 | 8.000 [7.200, 8.800] [2] [1] |",
        "| 768x1344 | argmax | 10.00 | 8.000 [7.200, 8.800] |",
        "- [1] throttled: the device throttled itself",
        "- [2] drift: the samples go on getting slower, or faster, while they are taken",
    ]:
        assert line in lines


def test_a_number_that_did_not_converge_stands_with_its_footnote(tmp_path: Path) -> None:
    wide = Result(
        outcome="not_converged", reason="error 3.00%", samples={"latency_sync": [2.0, 2.0]}
    )
    (answer,) = Small({"FP32": {}}).answers("FP32", {"null.none.fp32": [wide] * 3})
    lines = page_of(page_with(answer), tmp_path).splitlines()
    assert "| 384x576 | argmax | 10.00 | 2.000 [2.000, 2.000] (2.00x) differs [1] |" in lines
    assert "- [1] not_converged: in 3 of 3 launches: error 3.00%" in lines


def test_a_tail_of_too_few_samples_is_a_reason_on_the_page(tmp_path: Path) -> None:
    small = Small({"FP32": {"statistic": "p99"}})
    (answer,) = small.answers("FP32", {"null.none.fp32": [[1.0, 2.0, 3.0]] * 3})
    lines = page_of(page_with(answer), tmp_path).splitlines()
    assert "| 384x576 | argmax | 10.00 | – [1] |" in lines
    assert "- [1] not_converged: p99 needs 662 independent samples a launch; there are 3" in lines


def page_with(answer: Answer) -> Comparison:
    """A comparison of one cell, with an answer that a session made by hand gave."""
    return comparison(
        tables=[table(cell(ROWS[0], answer), rows=ROWS[:1], backends=[answer.backend])]
    )


@pytest.mark.parametrize(
    ("floors", "text"),
    [
        ({"latency_sync": 0.004, "gpu_compute": 0.0123}, "latency_sync 0.4 %, gpu_compute 1.2 %"),
        ({"latency_sync": 0.1, "latency_pipe": None}, "latency_sync 10 %"),
        ({"latency_sync": None}, "not known"),
        ({}, "not known"),
    ],
)
def test_noise_floors_are_told_by_field(floors: dict[str, float | None], text: str) -> None:
    assert floors_text(floors) == text


def test_a_block_that_was_not_timed_twice_says_so(tmp_path: Path) -> None:
    (session,) = comparison().sessions
    lone = session.model_copy(update={"twin": None, "noise_floors": {}})
    page = page_of(comparison(sessions=[lone]), tmp_path)
    assert "| 12 | none | not known | 20211 |" in page


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        (["2.4.6"], "0.272 (0.264 to 0.4)"),
        (
            ["1.19.5", "2.4.6"],
            "numpy 1.19.5: 0.272 (0.264 to 0.4); numpy 2.4.6: 0.272 (0.264 to 0.4)",
        ),
        ([], "–"),
    ],
)
def test_the_machines_pace_is_told_by_numpy_where_there_were_several(
    versions: list[str], text: str
) -> None:
    pace = Pace(median_ms=0.27215, fastest_ms=0.2641, slowest_ms=0.4)
    assert paces_text(dict.fromkeys(versions, pace)) == text


def test_a_page_tells_the_machines_pace_by_block_where_any_session_has_it(tmp_path: Path) -> None:
    (old,) = comparison().sessions
    assert "pace" not in page_of(comparison(), tmp_path)
    pace = Pace(median_ms=0.27, fastest_ms=0.26, slowest_ms=0.4)
    new = old.model_copy(update={"paces": {"2.4.6": pace}})
    page = page_of(comparison(sessions=[old, new]), tmp_path)
    assert " | Load before a launch | Machine's pace (ms) | Session |\n" in page
    assert f" | 0.5000 to 1.250 | – | `{old.path}` |\n" in page
    assert f" | 0.5000 to 1.250 | 0.27 (0.26 to 0.4) | `{old.path}` |\n" in page
    header, rule = page[page.index("| Block | Started") :].splitlines()[:2]
    assert header.count("|") == rule.count("|")


def test_a_page_is_a_function_of_the_comparison(tmp_path: Path) -> None:
    assert page_of(comparison(), tmp_path / "a") == page_of(comparison(), tmp_path / "b")


def test_the_tables_of_a_page_are_tables(tmp_path: Path) -> None:
    """Each row has as many cells as its header, and rules stand where markdown wants them."""
    lines = page_of(comparison(), tmp_path).splitlines()
    rules = [index for index, line in enumerate(lines) if set(line) <= set("|:-") and line]
    assert len(rules) == 7
    for rule in rules:
        columns = lines[rule].count("|") - 1
        assert lines[rule - 2] == "", lines[rule - 1]
        for line in lines[rule - 1 :]:
            if not line:
                break
            assert line.count("|") - 1 == columns, line


def test_where_nothing_was_measured_the_page_says_why_and_draws_nothing(tmp_path: Path) -> None:
    why = failed("one", "unavailable", "exporter 'x' is not part of this version of retable")
    empty = comparison(
        tables=[table(cell(ROWS[0], why), rows=ROWS[:1], backends=["one"], conditions=[])],
        claims=[],
        weights=[],
        agreements=[],
        sessions=[],
        machine={},
        versions={},
        notes=[],
    )
    page = page_of(empty, tmp_path)
    assert "- [1] unavailable: exporter 'x' is not part of this version of retable" in page
    assert "probability" not in page
    assert "png" not in page
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["small.md"]


def test_official_weights_need_no_warning(tmp_path: Path) -> None:
    used = WeightsUsed(
        model="tiny",
        title="Tiny",
        weights="official",
        source="x",
        reason=None,
        trained_on=None,
        parameters=3,
    )
    assert "weights.**" not in page_of(comparison(weights=[used]), tmp_path)


def test_the_index_counts_values_and_verdicts_and_names_the_other_suites(tmp_path: Path) -> None:
    write_json(tmp_path / "small.json", comparison().model_dump(by_alias=True))
    page = written(
        index,
        tmp_path / "report.md",
        comparisons=tmp_path / "small.json",
        suites="other",
        template=TEMPLATES / "index.md.j2",
    )
    lines = page.splitlines()
    assert "| [A small suite](reports/small.md) | 3 ok, 1 unsupported | 1 holds |" in lines
    assert "- `snakemake --cores 4 --config device=cpu suite=other`" in lines
    assert not any("suite=small" in line for line in lines)


def test_a_comparison_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    words = "report --comparison none.json --template x --output x.md --log x.log"
    ended = subprocess.run(
        [sys.executable, "-m", "retable", *words.split()],
        env={
            "PYTHONPATH": str(TEMPLATES.parent),
            "RETABLE_MACHINE_LOCK": str(tmp_path.with_suffix(".lock")),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.stderr == "retable report: none.json: no such file\n"
    assert ended.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_a_small_ratio_is_not_rounded_to_nothing():
    assert [times(ratio) for ratio in (1.0, 0.126, 0.0048624)] == ["1.00x", "0.13x", "0.0049x"]
