"""Two cases of a block beside each other: how many times as long one takes, and what that says."""

from typing import Literal

from retable.cases import Block, Cell
from retable.comparing.comparison import Versus
from retable.comparing.measurements import Measurements, interval
from retable.comparing.readings import Reading, common_basis
from retable_statistics.launches import Estimate, beyond_floor, widened


def versus(
    upper: Reading, lower: Reading, block: Block, cell: Cell, measured: Measurements
) -> Versus | None:
    """The ratio of two latencies of a block; None where they have no round in common.

    None also of an emulated device: what its times are to each other says nothing of a real one.
    """
    if not measured.compares_times:
        return None
    ratio = measured.ratio(upper, lower)
    if ratio is None:
        return None
    floor = measured.noise_floor(block, cell.measure.field, common_basis(upper, lower))
    return Versus(ratio=interval(ratio), noise_floor=floor, verdict=verdict_of(ratio, floor))


def verdict_of(
    ratio: Estimate, floor: float | None
) -> Literal["faster", "slower", "no difference", "undecided"]:
    """What a ratio of two latencies says of the upper one.

    It is `faster` or `slower` where the whole interval, no narrower than the noise floor, lies on
    one side of 1; there is `no difference` where the value does not reach beyond the floor.
    """
    bounded = widened(ratio, floor or 0.0)
    if bounded.high < 1:
        return "faster"
    if bounded.low > 1:
        return "slower"
    if floor is not None and not beyond_floor(ratio, floor):
        return "no difference"
    return "undecided"
