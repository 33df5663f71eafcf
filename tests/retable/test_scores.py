"""Scores made by hand: in cells, in claims, and beside the latency."""

import pytest
from small_suite import Small

from retable.comparing.answers import answer_of
from retable.comparing.claims import judge
from retable.comparing.measurements import Measurements
from retable.comparing.scores import Scores
from retable.config.suite import Claim
from retable.published import Published
from retable.records import Record

SCORED = {"field": None, "statistic": None, "score": "miou", "unit": "share"}
COLUMNS = {"plain": {**SCORED, "tail": "argmax"}, "fused": {**SCORED, "tail": "fused_argmax"}}
PLAIN, FUSED = "null.argmax.fp32", "null.fused_argmax.fp32"


def record(small, name, outcome="ok", reason=None, **metrics):
    """What the step `score` leaves of a case."""
    block = next(block for block in small.plan.runnable)
    return Record(
        step="score",
        subject={"block": block.name, "case": name, "metric": "segmentation"},
        outcome=outcome,
        reason=reason,
        artifacts={},
        facts={"metrics": metrics, "images": 3} if outcome == "ok" else {},
        versions={},
        seconds=1.0,
    )


def answers(small, records):
    measured = Measurements(small.plan, {}, Scores(records, "embedded"))
    return {
        cell.column: answer_of(case, cell, None, measured)
        for cell in small.plan.cells
        for case in small.plan.answers[cell]
    }


def test_a_score_is_a_number_without_an_interval():
    small = Small(COLUMNS)
    found = answers(small, [record(small, PLAIN, miou=0.75), record(small, FUSED, miou=0.5)])
    assert [(one.outcome, one.score, one.measured) for one in found.values()] == [
        ("ok", 0.75, None),
        ("ok", 0.5, None),
    ]


def test_a_score_in_percent_is_one():
    small = Small({"plain": {**COLUMNS["plain"], "unit": "%"}})
    assert answers(small, [record(small, PLAIN, miou=0.3282)])["plain"].score == pytest.approx(
        32.82
    )


def test_a_score_that_could_not_be_had_says_why():
    small = Small(COLUMNS)
    failed = record(small, PLAIN, "unavailable", "predict: random weights predict nothing")
    found = answers(small, [failed, record(small, FUSED, pixel_accuracy=0.9)])
    assert (found["plain"].outcome, found["plain"].reason) == (
        "unavailable",
        "predict: random weights predict nothing",
    )
    assert found["fused"].outcome == "unsupported"
    assert found["fused"].reason == "the metric 'segmentation' gives no 'miou' here"


def test_a_case_that_was_not_scored_says_so():
    found = answers(Small(COLUMNS), [])
    assert {one.outcome for one in found.values()} == {"unavailable"}


def test_a_run_that_was_to_score_nothing_says_so():
    small = Small(COLUMNS)
    (answer,) = {
        answer_of(case, cell, None, measured).reason
        for measured in [Measurements(small.plan, {}, Scores([], "none"))]
        for cell in small.plan.cells
        for case in small.plan.answers[cell]
    }
    assert answer == "the run was asked to score nothing: data=none"


@pytest.mark.parametrize(
    ("fused", "verdict"),
    [(0.75, "holds"), (0.7499, "holds"), (0.7, "fails"), (None, "not testable")],
)
def test_a_claim_about_accuracy_is_judged_by_the_scores_alone(fused, verdict):
    small = Small(COLUMNS)
    claim = Claim.model_validate(
        {
            "name": "keeps",
            "claim": "It keeps the mIoU.",
            "ratio_of": {"tail": "fused_argmax", "score": "miou"},
            "to": {"tail": "argmax"},
            "expect": {"between": [0.999, 1.001]},
        }
    )
    records = [record(small, PLAIN, miou=0.75)]
    records += [] if fused is None else [record(small, FUSED, miou=fused)]
    values = {
        (cell.table, cell.row, cell.column): Published(
            cell.table, cell.row, cell.column, "", None, ""
        )
        for cell in small.plan.cells
    }
    measured = Measurements(small.plan, {}, Scores(records, "embedded"))
    (answer,) = judge(claim, small.plan, values, measured).answers
    assert answer.verdict == verdict
    assert "noise floor" not in answer.detail
