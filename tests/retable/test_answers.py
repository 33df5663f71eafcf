"""Sessions made by hand, on the plan of a real device file: what a cell says."""

import pytest
from small_suite import Small

from retable.contract import Result

NULL = "null.none.fp32"
LAUNCHES = [[1.0, 3.0], [2.0, 4.0], [3.0, 5.0]]  # means 2, 3 and 4 ms


def test_a_cell_is_the_median_of_the_launches_with_their_range():
    (answer,) = Small({"A": {}}).answers("A", {NULL: LAUNCHES})
    assert (answer.backend, answer.case, answer.block) == ("null", NULL, "tiny_8x8")
    assert answer.outcome == "ok"
    measured = answer.measured
    assert (measured.value, measured.low, measured.high) == (3.0, 2.0, 4.0)
    assert measured.coverage == 0.75
    assert (answer.launches, answer.samples) == (3, 6)
    assert answer.field is None  # the table's own field


@pytest.mark.parametrize(
    ("statistic", "value"), [("mean", 3.0), ("min", 2.0), ("median", 3.0), ("p99", 2.0)]
)
def test_the_statistic_is_the_tables(statistic, value):
    (answer,) = Small({"A": {"statistic": statistic}}).answers("A", {NULL: LAUNCHES})
    assert answer.measured.value == value


def test_the_ratio_is_measured_over_published():
    (answer,) = Small({"A": {}}, {"A": 4.0}).answers("A", {NULL: LAUNCHES})
    ratio = answer.ratio
    assert (ratio.value, ratio.low, ratio.high) == (0.75, 0.5, 1.0)


def test_a_published_failure_has_no_ratio_and_no_verdict():
    (answer,) = Small({"A": {}}, {"A": None}).answers("A", {NULL: LAUNCHES})
    assert answer.measured.value == 3.0
    assert (answer.ratio, answer.verdict) == (None, None)


@pytest.mark.parametrize(
    ("published", "verdict"),
    [(3.0, "undecided"), (4.19, "undecided"), (4.3, "differs"), (1.91, "undecided")],
)
def test_an_interval_that_only_meets_the_published_value_decides_nothing(published, verdict):
    (answer,) = Small({"A": {}}, {"A": published}).answers("A", {NULL: LAUNCHES})
    assert answer.verdict == verdict


def test_on_the_published_device_the_whole_interval_must_be_within_five_percent():
    near = {NULL: [[2.9, 2.9], [3.0, 3.0], [3.1, 3.1]]}
    (answer,) = Small({"A": {}}, {"A": 3.0}).answers("A", near)
    assert answer.verdict == "reproduced"


@pytest.mark.parametrize("measured_on", ["jetson-nano", "t4"])
def test_on_another_device_there_is_no_verdict(measured_on):
    (answer,) = Small({"A": {"measured_on": measured_on}}, {"A": 3.0}).answers(
        "A", {NULL: LAUNCHES}
    )
    assert answer.ratio.value == 1.0
    assert answer.verdict is None


@pytest.mark.parametrize(
    ("point", "value"),
    [
        ({"unit": "ms/item", "batch": 8}, 3.0 / 8),
        ({"unit": "ms", "batch": 8}, 3.0),
        ({"unit": "s"}, 0.003),
        ({"unit": "1/s", "statistic": "images_per_second"}, (1000 / 2 + 1000 / 4) / 2),
    ],
)
def test_the_value_is_in_the_tables_unit(point, value):
    small = Small({"A": point})
    (answer,) = small.answers("A", {small.names[0]: LAUNCHES})
    assert answer.measured.value == pytest.approx(value)


def test_where_another_field_stands_in_the_answer_says_so():
    (answer,) = Small({"A": {"field": "latency_sum"}}).answers("A", {NULL: LAUNCHES})
    assert (answer.field, answer.measured.value) == ("latency_sync", 3.0)


def test_a_field_that_the_backend_lacks_is_unsupported():
    (answer,) = Small({"A": {"field": "gpu_compute"}}).answers("A", {NULL: LAUNCHES})
    assert (answer.outcome, answer.reason) == ("unsupported", "null does not give gpu_compute")
    assert (answer.measured, answer.ratio, answer.verdict) == (None, None, None)


@pytest.mark.parametrize(
    ("point", "word"),
    [
        ({"field": None, "statistic": None, "score": "miou", "unit": "%"}, "'miou'"),
        ({"statistic": "total_time", "unit": "s"}, "'total_time'"),
    ],
)
def test_what_is_not_computed_yet_is_unavailable(point, word):
    (answer,) = Small({"A": point}).answers("A", {NULL: LAUNCHES})
    assert answer.outcome == "unavailable"
    assert answer.reason == f"{word} is not computed by this version of retable"


def test_a_case_that_failed_says_how():
    ended = Result(outcome="timeout", reason="no end after 600 s")
    (answer,) = Small({"A": {}}).answers("A", {NULL: ended})
    assert (answer.outcome, answer.reason) == ("timeout", "no end after 600 s")
    assert answer.measured is None


def test_a_case_that_could_not_be_planned_says_why_without_a_session():
    small = Small({"A": {"precision": "fp16"}})
    assert not small.plan.runnable
    (answer,) = small.answers("A", {})
    assert (answer.backend, answer.case) == ("null", "null.none.fp16")
    assert answer.outcome == "unsupported"
    assert "null does not run fp16 on" in answer.reason


def test_one_cases_samples_are_not_anothers():
    small = Small({"A": {}, "B": {"tail": "argmax"}})
    launches = {NULL: LAUNCHES, "null.argmax.fp32": [[10.0], [20.0], [30.0]]}
    assert small.answers("A", launches)[0].measured.value == 3.0
    assert small.answers("B", launches)[0].measured.value == 20.0


def test_every_backend_answers_for_itself():
    small = Small({"A": {}}, device="cpu", unavailable=["openvino"])
    launches = {"onnxruntime.none.fp32": LAUNCHES}
    answers = {answer.backend: answer for answer in small.answers("A", launches)}
    assert answers["onnxruntime"].measured.value == 3.0
    assert answers["openvino"].outcome == "unavailable"
    assert answers["openvino"].reason == "openvino is not here"
