"""The benchmark of pairs and sessions, without an engine: sessions' values at one pace."""

import numpy as np
from benchmarks import pairs

from retable.config.budget import BUDGETS


def session(ms: float, pace_ms: float | None, yardsticks: float | None) -> pairs.Value:
    return pairs.Value({"medians": ms}, pace_ms, yardsticks)


def test_sessions_are_put_to_the_median_of_their_paces():
    values = [session(4.0, 0.25, 16.0), session(5.6, 0.35, 16.0), session(4.2, 0.2, 21.0)]
    assert pairs.values_at_one_pace(values).tolist() == [4.0, 4.0, 5.25]


def test_a_session_with_others_time_in_its_samples_leaves_no_spread_at_one_pace():
    values = [session(4.0, 0.25, 16.0), session(9.0, 0.25, None)]
    assert pairs.values_at_one_pace(values).tolist() == []


def test_a_session_can_be_as_long_as_a_preset_times_a_case():
    strict = BUDGETS["strict"]
    length = pairs.length_of("strict")
    assert (length.launches, length.launch_ms) == (strict.launches, strict.measure.min_ms)


def test_what_disturbs_four_of_five_samples_does_not_move_their_lower_decile():
    times = np.linspace(4.0, 4.1, 100)
    disturbed = np.where(np.arange(100) % 5, times * 1.4, times)
    assert abs(pairs.lower_decile(disturbed) / pairs.lower_decile(times) - 1) < 0.02
    assert np.median(disturbed) / np.median(times) > 1.3
