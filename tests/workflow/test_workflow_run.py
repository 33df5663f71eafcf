"""The whole workflow on the null backend, from nothing to the page, and what the page holds."""

import csv
import re
import statistics
from typing import Any

import numpy as np
import pytest
from checkout import Checkout, engine_checks
from page_tables import footnote, table_below

from retable_statistics.contention import undisturbed

PAGE = "results/null/reports/tiny.md"
BLOCKS = ("tiny_32x64", "tiny_64x64", "tiny2_32x64")
CAUTIONS = r"( \[\d+\])*"  # of a machine that was not quiet
TABLES = {"latency": "Mean latency (ms)", "argmax": "numpy argmax, argmax and fused argmax"}


@pytest.fixture(scope="module")
def done(first_run) -> Checkout:
    """The finished checkout itself: these tests only read."""
    return first_run[0]


def published(checkout: Checkout) -> list[dict[str, str]]:
    return list(csv.DictReader(checkout.read("data/published/tiny.csv").splitlines()))


def row_of(page: str, table: str, labels: str) -> dict[str, str]:
    """The row of a page's table whose keys are `labels`, joined as in the CSV."""
    rows = table_below(page, TABLES[table])
    return next(row for row in rows if " | ".join(list(row.values())[:2]) == labels)


def test_every_step_runs_once_from_nothing(first_run):
    _, run = first_run
    assert run.jobs == {
        "environment host/host",
        "probe null/host",
        *(f"{rule} {model}" for rule in ("fetch", "native") for model in ("tiny", "tiny2")),
        *(
            f"{rule} {graph}"
            for rule in ("sample", "reference", "export")
            for graph in ("tiny/32x64", "tiny/64x64", "tiny2/32x64")
        ),
        "tail tiny/32x64/argmax",
        "tail tiny/32x64/fused_argmax",
        "tail tiny/64x64/argmax",
        "fidelity tiny/32x64/none/fp32",
        "fidelity tiny/32x64/argmax/fp32",
        "fidelity tiny/32x64/fused_argmax/fp32",
        "fidelity tiny/64x64/none/fp32",
        "fidelity tiny/64x64/argmax/fp32",
        "fidelity tiny2/32x64/none/fp32",
        "build tiny/32x64/none/fp32/null",
        "build tiny/32x64/argmax/fp32/null",
        "build tiny/32x64/fused_argmax/fp32/null",
        "build tiny/64x64/none/fp32/null",
        "build tiny/64x64/argmax/fp32/null",
        "build tiny2/32x64/none/fp32/null",
        *engine_checks(
            "tiny_32x64/null.none.fp32",
            "tiny_32x64/null.argmax.fp32",
            "tiny_32x64/null.fused_argmax.fp32",
            "tiny_64x64/null.none.fp32",
            "tiny_64x64/null.argmax.fp32",
            "tiny2_32x64/null.none.fp32",
        ),
        *(
            f"{rule} tiny/{block}"
            for rule in ("plan", "time")
            for block in ("tiny_32x64", "tiny_64x64", "tiny2_32x64")
        ),
        "compare tiny",
        "report tiny",
        "index null",
    }


def test_a_second_run_does_nothing(finished):
    before = finished.files()
    assert finished.tiny().jobs == set()
    assert finished.files() == before


def test_the_page_holds_every_published_value(done):
    page = done.read(PAGE)
    for value in published(done):
        cell = row_of(page, value["table"], value["row"])[f"{value['column']}, published"]
        assert cell.split(" [")[0] == value["text"]
        if value["failed"]:
            assert footnote(page, cell) == f"published as failed: {value['failed']}"


def test_every_cell_is_a_number_or_a_reason(done):
    page = done.read(PAGE)
    for value in published(done):
        cell = row_of(page, value["table"], value["row"])[f"{value['column']}, null"]
        if value["column"] == "FP32":
            assert re.match(r"\d+\.\d+ \[\d+\.\d+, \d+\.\d+\]", cell)
        else:
            reason = footnote(page, cell)
            assert reason.startswith("unsupported: null does not run fp16 on No device at all")


def test_measured_values_follow_from_the_raw_samples(done):
    """Mean of each launch's samples that count; then the median over launches, and their range."""
    page = done.read(PAGE)
    cells = [
        (table["table"], cell, answer)
        for table in done.json("results/null/comparisons/tiny.json")["tables"]
        for cell in table["cells"]
        for answer in cell["answers"]
        if answer["outcome"] == "ok"
    ]
    assert len(cells) == 8
    for table, cell, answer in cells:
        launches = [
            launch["result"]
            for launch in session(done, answer["block"])["launches"]
            if (launch["entry"]["case"], launch["entry"]["twin"]) == (answer["case"], False)
        ]
        assert len(launches) == answer["launches"] == 2
        counted = [means_of(launch) for launch in launches]
        every = [means["all"] for means in counted]
        assert answer["of_all"]["value"] == pytest.approx(statistics.median(every))
        means = [means[answer["basis"]] for means in counted]
        value = statistics.median(means)
        text = row_of(page, table, cell["row"])[f"{cell['column']}, null"]
        shown = [float(number) for number in re.findall(r"\d+\.\d+", text)]
        assert shown[:3] == pytest.approx([value, min(means), max(means)], rel=1e-3)
        if cell["published"]["value"]:
            assert shown[3] == pytest.approx(value / cell["published"]["value"], abs=0.005)
        else:
            assert len(shown) == 3


def means_of(launch: dict[str, Any]) -> dict[str, float]:
    """The mean of a launch's samples: of all, and of those that no other program disturbed."""
    work = launch["samples"]["latency_sync"]
    after = launch["samples"].get("host_post", [0.0] * len(work))
    times = np.array(work) + np.array(after)
    kept = undisturbed(times, **launch["contention"])
    return {"all": float(times.mean()), "kept": float(times[kept].mean()) if kept.any() else 0.0}


def session(checkout: Checkout, block: str) -> dict[str, Any]:
    return checkout.json(f"results/null/timings/tiny/{block}.json")


@pytest.mark.parametrize("block", BLOCKS)
def test_a_session_launches_every_case_once_a_round_and_one_of_them_twice(done, block):
    made = session(done, block)
    cases = [(case["name"], False) for case in made["job"]["cases"]]
    for round_ in range(2):
        launched = [
            (entry["case"], entry["twin"])
            for entry in (launch["entry"] for launch in made["launches"])
            if entry["round"] == round_
        ]
        assert sorted(launched) == sorted([*cases, (made["twin"], True)])


@pytest.mark.parametrize("block", BLOCKS)
def test_the_launches_of_a_round_take_turns(done, block):
    """Nobody had a second turn before all had had their first: they were loaded together."""
    launches = session(done, block)["launches"]
    for round_ in range(2):
        turns = [
            launch["result"]["facts"]["turns"]
            for launch in launches
            if launch["entry"]["round"] == round_
        ]
        assert max(one[0]["started_s"] for one in turns) < min(one[1]["started_s"] for one in turns)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_launch_leaves_its_turns_its_contention_and_how_it_ended(done, block):
    for launch in session(done, block)["launches"]:
        result = launch["result"]
        count = len(result["samples"]["latency_sync"])
        assert sum(turn["samples"] for turn in result["facts"]["turns"]) == count
        assert {len(values) for values in result["contention"].values()} == {count}
        assert result["facts"]["stopped"]["by"] == "time"


@pytest.mark.parametrize("block", BLOCKS)
def test_a_session_knows_what_the_machine_did_or_why_not(done, block):
    """A source has rows from before the first turn to the end, or says why it has none.

    The last row may be half an interval before the end.
    """
    made = session(done, block)
    telemetry = made["telemetry"]
    assert telemetry["reason"] is None
    turns = [turn for launch in made["launches"] for turn in launch["result"]["facts"]["turns"]]
    first, last = (of(turn["started_s"] for turn in turns) for of in (min, max))
    assert telemetry["sources"]
    for source in telemetry["sources"].values():
        if source["rows"]:
            assert source["rows"][0][0] < first
            assert last < source["rows"][-1][0] + telemetry["interval_ms"] / 2e3
        else:
            assert source["reason"]


def test_a_session_knows_what_its_cases_were_made_of(done):
    for block in BLOCKS:
        made = session(done, block)
        for case in made["job"]["cases"]:
            origin = made["origins"][case["name"]]
            assert origin["engine"] == done.json(case["engine"])["artifacts"]
            assert origin["sample"] == done.json(case["sample"])["artifacts"]["sample"]


def test_the_page_tells_which_case_was_timed_twice_and_how_far_the_two_lie_apart(done):
    summaries = {
        one["block"]: one for one in done.json("results/null/comparisons/tiny.json")["sessions"]
    }
    rows = table_below(done.read(PAGE), "How it was measured")
    assert {row["Block"] for row in rows} == set(BLOCKS) == set(summaries)
    for row in rows:
        summary = summaries[row["Block"]]
        assert summary["twin"] == row["Timed twice"] == session(done, row["Block"])["twin"]
        floors = summary["noise_floors"]
        assert floors
        assert all(floor >= 0 for floor in floors.values())
        for field in floors:
            assert re.search(rf"{field} [\d.e+-]+ %", row["Noise floor"])


def test_the_page_tells_the_machines_pace_in_each_block(done):
    rows = table_below(done.read(PAGE), "How it was measured")
    for row in rows:
        paces = [
            statistics.median(turn["pace"]["cpu_ms"] for turn in launch["result"]["facts"]["turns"])
            for launch in session(done, row["Block"])["launches"]
        ]
        fastest, middle, slowest = min(paces), statistics.median(paces), max(paces)
        told = f"{middle:.3g} ({fastest:.3g} to {slowest:.3g})"
        assert row["Machine's pace (ms)"] == told


def test_claims_are_judged_beside_the_noise_floor(done):
    comparison = done.json("results/null/comparisons/tiny.json")
    floors = {
        one["noise_floors"]["latency_sync"]
        for one in comparison["sessions"]
        if "latency_sync" in one["noise_floors"]
    }
    judged = [
        pair
        for claim in comparison["claims"]
        for answer in claim["answers"]
        for pair in answer["pairs"]
        if pair["measured"] is not None
    ]
    assert judged
    assert all(pair["noise_floor"] is not None for pair in judged)
    bases = {
        answer["basis"]
        for table in comparison["tables"]
        for cell in table["cells"]
        for answer in cell["answers"]
        if answer["measured"] is not None
    }
    if len(bases) == 1:  # on a busy machine a pair may be read on another than its block
        assert {pair["noise_floor"] for pair in judged} <= floors


def test_a_verdict_stands_where_the_device_is_the_published_one(done):
    page = done.read(PAGE)
    # Published as 18 ms and more for the null device, which waits for one.
    there = row_of(page, "latency", "tiny | 32x64")["FP32, null"]
    assert re.search(rf"x\) differs{CAUTIONS}$", there)
    elsewhere = row_of(page, "argmax", "32x64 | argmax")["FP32, null"]
    assert re.search(rf"x\){CAUTIONS}$", elsewhere)


def test_every_claim_is_answered(done):
    claims = table_below(done.read(PAGE), "What the tables claim")
    assert [claim["Published"] for claim in claims] == [
        "0.65x to 0.66x, holds in 2 of 2",
        "6.04x to 6.18x, holds in 2 of 2",
        "0.98x to 1.00x, holds in 3 of 3",
    ]
    verdicts = [re.match(r"\*\*(.+)\*\*: ", claim["Here"])[1] for claim in claims]
    assert set(verdicts[:2]) <= {"holds", "fails", "undecided"}
    assert verdicts[2] == "not testable"  # it speaks of FP16
    assert "null does not run fp16" in claims[2]["Here"]


def test_the_page_says_where_post_processing_should_live(done):
    """Asked of one input; answered of all that can be compared."""
    page = done.read(PAGE)
    splits = done.json("results/null/comparisons/tiny.json")["splits"]
    assert [(one["input"], one["precision"], len(one["ways"])) for one in splits] == [
        ("32x64", "fp16", 2), ("32x64", "fp32", 2), ("64x64", "fp16", 2), ("64x64", "fp32", 2),
    ]  # fmt: skip
    rows = table_below(page, "Where post-processing should live")
    assert {row["In the engine + behind it"] for row in rows} == {"argmax", "none+numpy_argmax"}
    assert [row["to the fastest"] for row in rows[::2]] == ["fastest", "fastest"]
    sentence = r"- tiny at \d+x64, fp32, null: moving Argmax out of the engine .*\."
    assert len(re.findall(sentence, page)) == 2
    assert re.search(r"- unsupported: .*: fp16 on null, for tiny at 32x64, tiny at 64x64", page)
    assert done.path("results/null/reports/tiny-splits-1.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_tells_how_large_the_networks_are(done):
    rows = {
        (row["Model"], row["Input"]): row for row in table_below(done.read(PAGE), "The networks")
    }
    facts = done.json("results/models/tiny/64x64/none/fp32.json")["facts"]
    assert float(rows["tiny", "64x64"]["GFLOPs"]) == pytest.approx(facts["gflops"], rel=1e-3)
    parameters = done.json("results/models/tiny/native.json")["facts"]["parameters"]
    assert rows["tiny", "32x64"]["Parameters"] == f"{parameters:,}"


def test_the_page_says_what_the_graphs_compute(done):
    agreements = {
        (row["Model"], row["Input"], row["Graph"]): row["Agreement"]
        for row in table_below(done.read(PAGE), "What the graphs compute")
    }
    assert set(agreements) == {
        ("tiny", "32x64", "none/fp32"),
        ("tiny", "32x64", "argmax/fp32"),
        ("tiny", "32x64", "fused_argmax/fp32"),
        ("tiny", "64x64", "none/fp32"),
        ("tiny", "64x64", "argmax/fp32"),
        ("tiny2", "32x64", "none/fp32"),
    }
    for key, text in agreements.items():
        if "argmax" in key[2]:
            assert text.endswith("100.000 % are what the tail's definition gives")


def test_the_page_says_that_weights_are_random(done):
    page = done.read(PAGE)
    for title in ("Tiny network", "Second tiny network"):
        assert f"**{title}: random weights.** no official weights: nobody has trained it" in page


def test_the_plot_is_a_picture(done):
    assert "(tiny-1.png)" in done.read(PAGE)
    assert done.path("results/null/reports/tiny-1.png").read_bytes().startswith(b"\x89PNG")


def test_the_index_leads_to_the_page_and_to_other_suites(done):
    index = done.read("results/null/report.md")
    assert "(reports/tiny.md)" in index
    assert "--config device=null suite=fast-scnn`" in index


def test_nothing_temporary_stays_behind(done):
    hidden = [
        path
        for folder in ("data", "results")
        for path in done.path(folder).rglob("*")
        if path.name.startswith(".") or path.suffix in {".part", ".tmp"}
    ]
    assert hidden == []
    assert done.temporary_files() == []
