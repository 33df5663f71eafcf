"""The ways of one work on sessions made by hand: their order, their ratios, and what they say."""

from typing import Any

import pytest
from small_suite import Small, measured_by_turns

from retable.comparing.comparison import ComparedSplit, Way
from retable.comparing.splits import compared_splits
from retable.comparing.versus import verdict_of
from retable.config.suite import Split, Splits
from retable.contract import Result
from retable_statistics.launches import Estimate

ENGINE, MAX, ALL = "null.fused.fp32", "null.soft+numpy_max.fp32", "null.none+numpy_all.fp32"
WORK = {
    "work": "A label",
    "alternatives": [
        {"tail": "fused"},
        {"tail": "soft", "post": "numpy_max", "outside": "Max"},
        {"tail": "none", "post": "numpy_all", "outside": "Softmax and Max"},
    ],
}
ASKED = {
    "case": {"role": "engine", "input": "8x8"},
    "models": ["tiny"],
    "precisions": ["fp32"],
    "of": [WORK],
}
# The table's own row is no way of the work.
SMALL = Small({"plain": {"tail": "none"}}, splits=ASKED)
PLAIN = "null.none.fp32"
TWIN = (PLAIN, [[2.0], [2.01], [1.99]])  # up to 0.5 % apart from 2.0


def rounds(*values: float) -> list[list[float]]:
    return [[value] for value in values]


def compared(small: Small = SMALL, **session: Any) -> list[ComparedSplit]:
    launches = {
        PLAIN: rounds(2.0, 2.0, 2.0),
        ENGINE: rounds(10.0, 10.0, 10.0),
        MAX: rounds(8.0, 8.2, 8.1),
        ALL: rounds(12.0, 12.1, 12.2),
        **session.pop("launches", {}),
    }
    session.setdefault("twin", TWIN)
    return compared_splits(small.plan, small.measured(launches, **session))


def ways(split: ComparedSplit) -> dict[str | None, Way]:
    return {way.outside: way for way in split.ways}


def test_the_suite_asks_for_every_way_besides_its_rows() -> None:
    assert set(SMALL.names) == {PLAIN, ENGINE, MAX, ALL}


def test_ways_come_in_the_order_of_their_latency_with_ratios_to_the_first() -> None:
    (split,) = compared()
    assert (split.model, split.input, split.precision, split.backend) == (
        "tiny", "8x8", "fp32", "null",
    )  # fmt: skip
    assert [way.alternative for way in split.ways] == ["soft+numpy_max", "fused", "none+numpy_all"]
    assert [way.answer.measured.value for way in split.ways if way.answer.measured] == [
        8.1, 10.0, 12.1,
    ]  # fmt: skip
    fastest, second, last = split.ways
    assert fastest.to_fastest is None
    assert second.to_fastest and second.to_fastest.ratio.value == pytest.approx(10 / 8.1)
    assert last.to_fastest and last.to_fastest.verdict == "slower"


def test_ways_are_held_against_the_one_that_does_all_in_the_engine() -> None:
    found = ways(compared()[0])
    assert found[None].to_engine is None
    moved = found["Max"].to_engine
    assert moved and moved.verdict == "faster"
    assert (moved.ratio.low, moved.ratio.value, moved.ratio.high) == pytest.approx(
        (0.8, 0.81, 0.82)
    )
    of_all = found["Softmax and Max"].to_engine
    assert of_all and of_all.verdict == "slower"


def test_ratios_are_paired_by_round() -> None:
    """The second round was ten times slower for all."""
    slow = {ENGINE: rounds(10, 100, 10), MAX: rounds(8, 80, 8), ALL: rounds(12, 120, 12)}
    moved = ways(compared(launches=slow)[0])["Max"].to_engine
    assert moved
    assert (moved.ratio.low, moved.ratio.high) == pytest.approx((0.8, 0.8))


def test_a_difference_within_the_noise_floor_is_none() -> None:
    near = {MAX: rounds(9.98, 9.97, 9.98)}
    split = compared(launches=near)[0]
    moved = ways(split)["Max"].to_engine
    assert moved and moved.verdict == "no difference"
    assert moved.noise_floor == pytest.approx(0.005, rel=0.1)


def test_without_a_noise_floor_nothing_is_no_difference() -> None:
    split = compared(launches={MAX: rounds(9.98, 10.02, 10.0)}, twin=None)[0]
    moved = ways(split)["Max"].to_engine
    assert moved and moved.verdict == "undecided"
    assert moved.noise_floor is None


@pytest.mark.parametrize(
    ("low", "value", "high", "floor", "verdict"),
    [
        (0.8, 0.85, 0.9, 0.01, "faster"),
        (1.1, 1.15, 1.2, None, "slower"),
        (0.9, 1.005, 1.2, 0.01, "no difference"),
        (0.9, 0.95, 1.02, 0.01, "undecided"),
        (0.98, 0.985, 0.99, 0.02, "no difference"),  # narrower than the floor
        (0.96, 0.97, 0.98, 0.02, "faster"),
    ],
)
def test_verdicts(low: float, value: float, high: float, floor: float | None, verdict: str) -> None:
    assert verdict_of(Estimate(value, low, high, 0.75), floor) == verdict


def test_a_way_without_a_number_comes_last_with_its_reason() -> None:
    late = Result(outcome="timeout", reason="no end after 120 s")
    split = compared(launches={ENGINE: late})[0]
    last = split.ways[-1]
    assert (last.alternative, last.answer.outcome) == ("fused", "timeout")
    assert last.answer.measured is None and last.to_fastest is None
    assert all(way.to_engine is None for way in split.ways)
    assert split.ways[1].to_fastest is not None


def test_what_cannot_run_is_there_with_its_reason() -> None:
    small = Small({"plain": {"tail": "none"}}, splits=ASKED, unavailable=["null"])
    (split,) = compared_splits(small.plan, small.measured({}))
    assert {way.answer.reason for way in split.ways} == {"null is not here"}


def test_what_stands_behind_the_engine_is_part_of_the_latency() -> None:
    launch = measured_by_turns([[6.0, 6.0]])
    launch = launch.model_copy(
        update={"samples": {**launch.samples, "host_post": [2.0, 3.0]}},
    )
    way = ways(compared(launches={MAX: [launch] * 3})[0])["Max"]
    assert way.behind_ms == pytest.approx(2.5)
    assert way.answer.measured and way.answer.measured.value == pytest.approx(8.5)
    assert ways(compared()[0])[None].behind_ms is None


def test_precisions_and_backends_are_not_mixed() -> None:
    asked = {**ASKED, "precisions": ["fp32", "fp16"]}
    small = Small({"plain": {"tail": "none"}}, splits=asked, device="cpu", framework="torch")
    found = compared_splits(small.plan, small.measured({name: [[1.0]] for name in small.names}))
    assert {(one.precision, one.backend) for one in found} == {
        (precision, backend)
        for precision in ("fp32", "fp16")
        for backend in ("openvino", "onnxruntime")
    }
    assert all(len(one.ways) == 3 for one in found)


def test_a_single_way_is_no_question() -> None:
    columns = {"lone": {"tail": "soft", "post": "numpy_max", "input": "4x4"}}
    small = Small(columns, splits=ASKED)
    found = compared_splits(small.plan, small.measured({name: [[1.0]] for name in small.names}))
    assert [one.input for one in found] == ["8x8"]


def test_a_suite_without_splits_has_none() -> None:
    small = Small({"plain": {"tail": "none"}})
    assert compared_splits(small.plan, small.measured({PLAIN: [[1.0]]})) == []


@pytest.mark.parametrize(
    "alternatives",
    [
        [{"tail": "a", "outside": "Max"}, {"tail": "b", "outside": "Max"}],
        [{"tail": "a"}, {"tail": "b"}],
        [{"tail": "a"}],
    ],
)
def test_the_first_way_has_nothing_outside_and_the_others_do(
    alternatives: list[dict[str, str]],
) -> None:
    with pytest.raises(ValueError, match=r"outside|at least 2"):
        Split.model_validate({"work": "A label", "alternatives": alternatives})


def test_points_are_the_product_of_what_is_asked() -> None:
    asked = Splits.model_validate({**ASKED, "models": ["a", "b"], "precisions": ["fp16", "fp32"]})
    points = asked.points()
    assert len(points) == 2 * 2 * 3
    assert {point.input for point in points} == {"8x8"}
    assert {(point.model, point.precision) for point in points} == {
        ("a", "fp16"), ("a", "fp32"), ("b", "fp16"), ("b", "fp32"),
    }  # fmt: skip
