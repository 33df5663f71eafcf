"""How far a block's A/A pair lies apart, in all that a page shows of the block."""

from retable.cases import Block
from retable.comparing.measurements import Measurements
from retable.comparing.splits import FIELD as OF_SPLITS
from retable.plan import Plan


def noise_floors(block: Block, plan: Plan, measured: Measurements) -> dict[str, float | None]:
    """The noise floor of each field that the tables show of the block, and the splits."""
    asked = [cell.measure.field for cell in plan.cells if cell.request.block == block.name]
    if plan.suite.splits is not None:
        asked.append(OF_SPLITS)
    fields = (field for field in asked if field is not None)
    return {field: measured.noise_floor(block, field) for field in fields}
