"""The order of a session's launches, and how its cases end."""

from collections import Counter

import pytest
from small_suite import session_job

from retable.contract import Result
from retable.sessions import CaseEnding, case_ending, launch_order, order_of

CASES = [f"case-{number}" for number in range(8)]


def ordered(rounds=6, cases=CASES, twin="case-3", block="fast-scnn_384x576", seed=20211):
    return launch_order(cases, twin, rounds, order_of(session_job(block, seed=seed)))


def rounds_of(order):
    return [
        [(entry.case, entry.twin) for entry in order if entry.round == wanted]
        for wanted in range(6)
    ]


@pytest.fixture
def order():
    return ordered()


def test_every_case_is_launched_once_a_round_and_one_of_them_again(order):
    assert [entry.round for entry in order] == sorted(entry.round for entry in order)
    for launched in rounds_of(order):
        assert Counter(launched) == Counter([*((name, False) for name in CASES), ("case-3", True)])


def test_positions_are_those_within_the_round(order):
    assert [entry.position for entry in order] == list(range(len(CASES) + 1)) * 6


def test_a_session_can_be_repeated(order):
    assert ordered() == order


def test_rounds_seeds_and_blocks_have_orders_of_their_own(order):
    rounds = rounds_of(order)
    assert len({tuple(names) for names in rounds}) == len(rounds)
    assert ordered(seed=20212) != order
    assert ordered(block="fast-scnn_576x576") != order


def test_no_case_is_always_first(order):
    assert len({launched[0] for launched in rounds_of(order)}) > 1


def test_the_twin_is_not_always_before_the_case_nor_after_it(order):
    before = {
        launched.index(("case-3", True)) < launched.index(("case-3", False))
        for launched in rounds_of(order)
    }
    assert before == {True, False}


def test_more_launches_begin_as_fewer_do(order):
    assert ordered(rounds=3) == order[: 3 * (len(CASES) + 1)]


def test_without_a_twin_no_case_is_launched_twice():
    assert Counter(rounds_of(ordered(twin=None))[0]) == Counter((name, False) for name in CASES)


def test_nothing_to_launch_is_no_order():
    assert ordered(cases=[], twin=None) == []


def test_a_case_ends_as_its_first_failed_launch_did():
    ok = Result(outcome="ok")
    late = Result(outcome="timeout", reason="no end")
    broken = Result(outcome="crashed", reason="SIGABRT")
    assert case_ending([ok, ok]) == CaseEnding(outcome="ok", reason=None)
    assert case_ending([ok, late, broken]) == CaseEnding(outcome="timeout", reason="no end")


def test_a_case_that_did_not_converge_in_some_launches_says_in_how_many():
    ok = Result(outcome="ok")
    wide = Result(outcome="not_converged", reason="error 3 %")
    assert case_ending([ok, wide, wide]) == CaseEnding(
        outcome="not_converged", reason="in 2 of 3 launches: error 3 %"
    )


def test_a_launch_that_failed_outweighs_one_that_did_not_converge():
    wide = Result(outcome="not_converged", reason="error 3 %")
    broken = Result(outcome="crashed", reason="SIGABRT")
    assert case_ending([wide, broken]) == CaseEnding(outcome="crashed", reason="SIGABRT")
