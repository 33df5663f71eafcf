"""The benchmark of telemetry's effect, without a watcher: what a read costs."""

import numpy as np
import pytest
from benchmarks import telemetry_effect
from benchmarks.telemetry_effect import Block, Subject

MS = 1e-3


def block(kind: str, latencies_ms: list[float], began_s: float = 100.0) -> Block:
    """Inferences that follow each other."""
    times = np.array(latencies_ms) * MS
    starts = began_s + np.concatenate([[0], np.cumsum(times)[:-1]])
    return Block(kind, starts, {"latency_sync": times})


def test_a_read_costs_what_the_inferences_after_it_take_beyond_the_others():
    # A read in the middle of the second inference: the second and the third are within 20 ms.
    slowed = block("with", [10, 13, 12, 10, 10])
    assert slowed.extra(100.015, "latency_sync") == pytest.approx(5 * MS)


def test_only_reads_while_a_block_counts_are_of_it():
    reads = np.array([99.9, 100.015, 100.3])
    assert block("with", [10, 13, 12, 10, 10]).reads(reads) == pytest.approx([100.015])


def test_the_cost_is_the_median_over_reads_and_beside_it_stands_that_of_none():
    subject = Subject("an engine", None, ("latency_sync",))
    for number, extra in enumerate((1, 2, 9)):
        subject.blocks.append(block("with", [10, 10 + extra, 10, 10, 10], 100.0 + number))
        subject.blocks.append(block("without", [10] * 30, 200.0 + number))
    reads = np.array([100.012, 101.012, 102.012])
    assert subject.cost_s(reads, "latency_sync").value == pytest.approx(2 * MS)
    assert subject.nothing_s("latency_sync").value == pytest.approx(0, abs=1e-9)
    assert telemetry_effect.part(subject.cost_s(reads, "latency_sync")).value == pytest.approx(0.01)
    assert telemetry_effect.reads_text(subject, reads).endswith(" / 0.0")


def test_blocks_are_paired_by_their_round():
    subject = Subject("an engine", None, ("latency_sync",))
    for without_ms, with_ms in ((10, 11), (20, 22)):
        subject.blocks.append(block("without", [without_ms] * 3))
        subject.blocks.append(block("with", [with_ms] * 3))
    assert subject.ratio("with", "latency_sync").value == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("slower", "read_ms", "said"), [(1.0, 0, "within"), (1.02, 0, "above"), (1.0, 3, "above")]
)
def test_what_is_above_the_limit_is_said(slower, read_ms, said):
    subject = Subject("an engine", None, ("latency_sync",))
    for number in range(8):
        times = np.full(30, 10.0)
        subject.blocks.append(block("without", times, 200.0 + number))
        times = times * slower
        times[2] += read_ms
        subject.blocks.append(block("with", times, 100.0 + number))
    reads = np.arange(100.025, 108)
    assert telemetry_effect.verdict(subject, reads, "latency_sync") == said


def test_what_is_lost_in_the_noise_is_open():
    subject = Subject("an engine", None, ("latency_sync",))
    for number, slower in enumerate((0.97, 1.03) * 4):
        subject.blocks.append(block("without", [10.0] * 30, 200.0 + number))
        subject.blocks.append(block("with", [10.0 * slower] * 30, 100.0 + number))
    assert telemetry_effect.verdict(subject, np.array([100.1]), "latency_sync") == "open"
