"""The benchmarks of what retable adds, without the libraries: what they read, and their sums."""

import json

import pytest
from benchmarks import benchmark_app, natives, overhead

MS = 1e-3


def test_a_profile_has_the_runs_in_the_order_they_began(tmp_path):
    profile = tmp_path / "profile.json"
    events = [
        {"cat": "Session", "name": "session_initialization", "dur": 9832, "ts": 8909},
        {"cat": "Session", "name": "model_run", "dur": 2000, "ts": 40000},
        {"cat": "Node", "name": "Conv_kernel_time", "dur": 900, "ts": 20100},
        {"cat": "Session", "name": "model_run", "dur": 1500, "ts": 20000},
    ]
    profile.write_text(json.dumps(events))
    assert natives.model_runs(profile) == pytest.approx([1.5 * MS, 2 * MS])


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("[ INFO ]    Median:        551.19 us", 551.19e-6),
        ("[ INFO ]    Median:        38.65 ms", 38.65e-3),
    ],
)
def test_the_median_of_benchmark_app_comes_in_either_unit(line, seconds):
    printed = f"[ INFO ] Latency:\n{line}\n[ INFO ]    Average:       1.00 ms\n"
    assert benchmark_app.median_of_app(printed) == pytest.approx(seconds)


def test_benchmark_app_that_prints_no_median_is_an_error():
    with pytest.raises(SystemExit, match="no median:\nRuntimeError"):
        benchmark_app.median_of_app("RuntimeError")


@pytest.mark.parametrize(
    ("added_us", "own_ms", "exceeds"),
    [(49, 0.2, False), (51, 0.2, True), (51, 4.9, True), (51, 5.2, False), (600, 50, True)],
)
def test_a_slow_inference_may_be_added_to_by_a_part_and_a_fast_one_by_a_time(
    added_us, own_ms, exceeds
):
    assert overhead.exceeds(added_us * 1e-6, own_ms * MS) is exceeds


class Engine:
    """An engine that takes as long as it is told, and tells a millisecond less itself."""

    def __init__(self, latencies):
        self._latencies = iter(latencies)
        self.own = natives.Figures()

    def sample(self):
        latency = next(self._latencies)
        self.own.note()
        self.own.seconds.append(latency - MS)
        return latency


def test_each_inference_is_compared_with_its_own_figure(monkeypatch):
    monkeypatch.setattr(overhead, "TURN_S", 0.0)
    monkeypatch.setattr(overhead, "AT_LEAST", 2)
    # The first of each turn does not count.
    engine = Engine([9 * MS, 5 * MS, 6 * MS, 9 * MS, 7 * MS, 20 * MS])
    subject = overhead.Subject("a library", "a model", engine, {"sampled": engine.sample})
    subject.take_turn(0, "sampled")
    subject.take_turn(1, "sampled")
    assert subject.latency("sampled") == pytest.approx([5.5 * MS, 13.5 * MS])
    assert subject.own("sampled") == pytest.approx([4.5 * MS, 12.5 * MS])
    assert subject.added() == pytest.approx([MS, MS])
    assert overhead.over([subject]) == ["a library, a model"]
