"""The benchmark of pairs and sessions, without an engine: sessions' values at one pace."""

from benchmarks import pairs


def session(ms: float, pace_ms: float | None, yardsticks: float | None) -> pairs.Value:
    return pairs.Value(ms, pace_ms, yardsticks)


def test_sessions_are_put_to_the_median_of_their_paces():
    values = [session(4.0, 0.25, 16.0), session(5.6, 0.35, 16.0), session(4.2, 0.2, 21.0)]
    assert pairs.values_at_one_pace(values).tolist() == [4.0, 4.0, 5.25]


def test_a_session_with_others_time_in_its_samples_leaves_no_spread_at_one_pace():
    values = [session(4.0, 0.25, 16.0), session(9.0, 0.25, None)]
    assert pairs.values_at_one_pace(values).tolist() == []
