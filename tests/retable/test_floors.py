"""The noise floors that a page tells of each block."""

import pytest
from small_suite import Small

from retable.comparing.floors import noise_floors

TWIN = [[2.0], [2.01], [1.99]]  # of a case of 2.0
FLOOR = pytest.approx(2.0 / 1.99 - 1)
SPLITS = {
    "case": {"role": "engine", "input": "16x16"},
    "models": ["tiny"],
    "precisions": ["fp32"],
    "of": [
        {
            "work": "The classes",
            "alternatives": [
                {"tail": "soft_max"},
                {"tail": "soft", "post": "numpy_max", "outside": "Max"},
            ],
        }
    ],
}


def floors(block: str, small: Small) -> dict[str, float | None]:
    launches = {name: [[2.0]] * 3 for name in small.names}
    twin = (small.plan.blocks[block].runnable[0].name, TWIN)
    return noise_floors(small.plan.blocks[block], small.plan, small.measured(launches, twin=twin))


def test_a_floor_is_told_of_each_field_that_the_tables_show() -> None:
    small = Small({"A": {}, "B": {"field": "gpu_compute"}})
    assert floors("tiny_8x8", small) == {"latency_sync": FLOOR, "gpu_compute": None}


@pytest.mark.parametrize("block", ["tiny_8x8", "tiny_16x16"])
def test_of_a_block_that_only_the_splits_ask_for_too(block: str) -> None:
    assert floors(block, Small({"A": {}}, splits=SPLITS)) == {"latency_sync": FLOOR}
