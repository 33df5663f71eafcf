"""The benchmark of transfers, without a device: its engine, its tables and its judgement."""

import numpy as np
import pytest
from benchmarks import transfers
from benchmarks.tables import markdown, size_text

FASTER, SLOWER = 2**19, 2**20  # bytes; only the latter is judged


@pytest.fixture
def times(monkeypatch):
    """Medians of 2 ms alone and 2.5 both; retable: 3 ms below a mebibyte, then 2.1 in, 2 out."""
    monkeypatch.setattr(transfers, "SIZES", (FASTER, SLOWER))
    made = {}
    for size in (transfers.EMPTY, FASTER, SLOWER):
        made |= {(size, f"{way}, alone"): [1e-3, 2e-3, 9e-3] for way in transfers.DIRECTIONS}
        made |= {(size, f"{way}, both"): [2.5e-3] for way in transfers.DIRECTIONS}
        made[size, "h2d, retable"] = [3e-3 if size == FASTER else 2.1e-3]
        made[size, "d2h, retable"] = [3e-3 if size == FASTER else 2e-3]
        made |= {(size, "latency_sum"): [4e-3], (size, "latency_sync"): [4.01e-3]}
        made[size, "sync - sum"] = [1e-5]
    return made


def test_a_table_has_a_row_for_each_size_and_direction(times):
    assert transfers.transfers_table(times).splitlines()[2:] == [
        "| 512 KiB | h2d | 2000.0 | 2500.0 | 3000.0 | 1.500 | 1.200 |",
        "| 512 KiB | d2h | 2000.0 | 2500.0 | 3000.0 | 1.500 | 1.200 |",
        "| 1 MiB | h2d | 2000.0 | 2500.0 | 2100.0 | 1.050 | 0.840 |",
        "| 1 MiB | d2h | 2000.0 | 2500.0 | 2000.0 | 1.000 | 0.800 |",
    ]
    assert transfers.clocks_table(times).splitlines()[2] == "| 4 B | 4000.0 | 4010.0 | 10.0 |"


def test_only_large_copies_are_judged(times):
    assert transfers.worst(times) == (pytest.approx(1.05), "h2d of 1 MiB")


def test_the_engine_gives_its_input_back():
    engine = transfers.Identity()
    inputs, outputs = engine.ports({"x": np.zeros(8, np.uint8)})
    assert inputs == outputs
    assert engine.attach([1234])() == [1234]


def test_sizes_are_said_in_whole_units():
    assert [size_text(size) for size in (4, 2**18, 3 * 2**20)] == ["4 B", "256 KiB", "3 MiB"]


def test_a_table_is_markdown():
    assert markdown(("A", "B"), [("x", "1")]) == "| A | B |\n| :--- | ---: |\n| x | 1 |"
