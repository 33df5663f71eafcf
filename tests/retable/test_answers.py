"""Sessions made by hand, on the plan of a real device file: what a cell says."""

from typing import get_args

import numpy as np
import pytest
from small_suite import Small, measured_by_turns

from retable.comparing.statistics import STATISTICS
from retable.config.suite import Statistic
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


@pytest.mark.parametrize(("statistic", "value"), [("mean", 3.0), ("min", 2.0), ("median", 3.0)])
def test_the_statistic_is_the_tables(statistic, value):
    (answer,) = Small({"A": {"statistic": statistic}}).answers("A", {NULL: LAUNCHES})
    assert answer.measured.value == value


def many(scale):
    """1000 samples in the order of chance: the 990th smallest is 990 times the scale."""
    ordered = np.random.default_rng(20211).permutation(np.arange(1.0, 1001.0))
    return (scale * ordered).tolist()


def test_a_tail_is_that_of_each_launch_where_there_are_samples_enough():
    (answer,) = Small({"A": {"statistic": "p99"}}).answers("A", {NULL: [many(1), many(2), many(4)]})
    assert answer.measured.value == pytest.approx(2 * 990)


def test_a_tail_of_too_few_samples_is_no_number_but_a_reason():
    (answer,) = Small({"A": {"statistic": "p99"}}).answers("A", {NULL: LAUNCHES})
    assert (answer.measured, answer.ratio) == (None, None)
    assert answer.outcome == "not_converged"
    assert answer.reason == "p99 needs 662 independent samples a launch; there are 2"


def test_one_launch_that_is_too_short_leaves_the_tail_without_a_number():
    (answer,) = Small({"A": {"statistic": "p99"}}).answers("A", {NULL: [many(1), [1.0]]})
    assert answer.measured is None
    assert "there are 1" in answer.reason


# Three of four samples are 10 ms; one was disturbed, and took 30.
DISTURBED = measured_by_turns(
    [[10.0, 10.0, 30.0, 10.0]], waited=[0.0, 0.0, 20.0, 0.0], cpu=[10.0] * 4
)


def test_a_value_is_of_the_undisturbed_samples_and_that_of_all_stands_beside_it():
    (answer,) = Small({"A": {}}).answers("A", {NULL: [DISTURBED] * 3})
    assert (answer.basis, answer.kept_share) == ("kept", 0.75)
    assert answer.measured.value == 10.0
    assert answer.of_all.value == 15.0
    assert answer.samples == 12  # all that were taken


def test_a_tail_has_the_disturbed_samples_in_it():
    """One in ten: the tail is what they were, and the median is not."""
    times = np.where(np.arange(1000) % 10 == 3, 30.0, 10.0)
    launch = measured_by_turns([times.tolist()], waited=(times - 10).tolist(), cpu=[10.0] * 1000)
    small = Small({"p99": {"statistic": "p99"}, "median": {"statistic": "median"}})
    p99, median = (small.answers(name, {NULL: [launch] * 3})[0] for name in ("p99", "median"))
    assert (median.measured.value, median.basis) == (10.0, "kept")
    assert (p99.measured.value, p99.of_all.value, p99.basis) == (30.0, 30.0, "all")


def test_the_value_of_all_samples_is_in_the_tables_unit_too():
    (answer,) = Small({"A": {"unit": "s"}}).answers("A", {NULL: [DISTURBED] * 3})
    assert answer.of_all.value == pytest.approx(0.015)


def test_a_case_that_did_not_converge_keeps_its_number_and_says_in_how_many_launches():
    wide = Result(
        outcome="not_converged", reason="error 3 %", samples={"latency_sync": LAUNCHES[2]}
    )
    (answer,) = Small({"A": {}}, {"A": 4.0}).answers("A", {NULL: [*LAUNCHES[:2], wide]})
    assert (answer.outcome, answer.reason) == ("not_converged", "in 1 of 3 launches: error 3 %")
    assert (answer.measured.value, answer.ratio.value) == (3.0, 0.75)
    assert answer.launches == 3


def steady(*medians):
    """Launches of two samples that are as good as equal, around these."""
    return [[0.999 * median, 1.001 * median] for median in medians]


def test_launches_that_are_steady_and_do_not_agree_have_not_converged():
    """Asked for within 1 %, they lie 3 % to either side."""
    (answer,) = Small({"A": {}}).answers("A", {NULL: steady(97, 100, 103)}, budget="standard")
    assert answer.outcome == "not_converged"
    assert answer.reason == "the launches' medians lie 3.0 % to either side"
    assert answer.measured.value == pytest.approx(100)


@pytest.mark.parametrize(
    ("medians", "budget"),
    [
        ((99, 100, 101), "standard"),  # twice the target is allowed
        ((97, 100, 103), "quick"),  # no convergence was asked for
    ],
)
def test_launches_that_agree_as_well_as_asked_are_ok(medians, budget):
    (answer,) = Small({"A": {}}).answers("A", {NULL: steady(*medians)}, budget=budget)
    assert (answer.outcome, answer.reason) == ("ok", None)


def test_a_launch_that_did_not_converge_is_the_reason_before_launches_that_do_not_agree():
    wide = Result(outcome="not_converged", reason="error 3 %", samples={"latency_sync": [103.0]})
    launches = {NULL: [*steady(97, 100), wide]}
    (answer,) = Small({"A": {}}).answers("A", launches, budget="standard")
    assert answer.reason == "in 1 of 3 launches: error 3 %"


def test_the_twins_launches_are_not_the_cases():
    (answer,) = Small({"A": {}}).answers("A", {NULL: LAUNCHES}, twin=(NULL, [[90.0]] * 3))
    assert answer.measured.high == 4.0
    assert (answer.launches, answer.samples) == (3, 6)


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


def test_a_sum_of_as_many_as_were_timed_has_no_ratio_to_another():
    point = {"statistic": "total_time", "unit": "s"}
    launches = [[1000.0, 3000.0], [2000.0, 2500.0], [5000.0]]
    (answer,) = Small({"A": point}, {"A": 12.0}).answers("A", {NULL: launches})
    assert answer.measured is not None
    assert answer.measured.value == pytest.approx(4.5)
    assert (answer.ratio, answer.verdict) == (None, None)


def test_every_statistic_that_a_suite_may_name_is_computed():
    assert set(get_args(Statistic)) == set(STATISTICS)


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


def test_an_engine_beside_the_framework_has_a_ratio_and_no_verdict():
    asked = {"A": {"role": "native", "measured_on": "cpu"}}
    small = Small(asked, device="cpu", framework="tensorflow", beside=["engine"])
    own, *others = small.answers("A", {name: [[1.0, 1.0]] * 3 for name in small.names})
    assert (own.backend, own.beside, own.verdict) == ("tensorflow", False, "reproduced")
    assert [(one.backend, one.beside, one.verdict, one.ratio.value) for one in others] == [
        ("openvino", True, None, 1.0),
        ("onnxruntime", True, None, 1.0),
    ]
