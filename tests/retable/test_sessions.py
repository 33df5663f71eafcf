from collections import Counter

import pytest

from retable.contract import Result
from retable.sessions import CaseEnding, case_ending, launch_order

CASES = [f"case-{number}" for number in range(8)]


def rounds_of(order):
    return [[name for round_, name in order if round_ == wanted] for wanted in range(6)]


@pytest.fixture
def order():
    return launch_order(CASES, 6, 20211, "fast-scnn_384x576")


def test_every_case_is_launched_once_a_round_and_rounds_follow_each_other(order):
    assert [round_ for round_, _ in order] == sorted(round_ for round_, _ in order)
    for names in rounds_of(order):
        assert Counter(names) == Counter(CASES)


def test_a_session_can_be_repeated(order):
    assert launch_order(CASES, 6, 20211, "fast-scnn_384x576") == order


def test_rounds_seeds_and_blocks_have_orders_of_their_own(order):
    rounds = rounds_of(order)
    assert len({tuple(names) for names in rounds}) == len(rounds)
    assert launch_order(CASES, 6, 20212, "fast-scnn_384x576") != order
    assert launch_order(CASES, 6, 20211, "fast-scnn_576x576") != order


def test_no_case_is_always_first(order):
    assert len({names[0] for names in rounds_of(order)}) > 1


def test_more_launches_begin_as_fewer_do(order):
    assert launch_order(CASES, 3, 20211, "fast-scnn_384x576") == order[: 3 * len(CASES)]


def test_nothing_to_launch_is_no_order():
    assert launch_order([], 6, 1, "block") == []


def test_a_case_ends_as_its_first_failed_launch_did():
    ok = Result(outcome="ok")
    late = Result(outcome="timeout", reason="no end")
    broken = Result(outcome="crashed", reason="SIGABRT")
    assert case_ending([ok, ok]) == CaseEnding(outcome="ok", reason=None)
    assert case_ending([ok, late, broken]) == CaseEnding(outcome="timeout", reason="no end")
