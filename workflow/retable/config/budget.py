"""The presets `quick`, `standard` and `strict`: how long each case is timed."""

from retable.config.entry import Entry
from retable.jobs.launch import Measure, Warmup


class Budget(Entry):
    """What a case gets: how many launches, and what each of them does (times in milliseconds)."""

    launches: int
    warmup: Warmup
    measure: Measure
    launch_timeout_s: float


BUDGETS = {
    "quick": Budget(
        launches=3,
        warmup=Warmup(min_ms=200, min_iterations=50, slow_ms=4, slow_iterations=3, max_ms=400),
        measure=Measure(min_ms=500, min_samples=5, max_ms=5000),
        launch_timeout_s=120,
    ),
    "standard": Budget(
        launches=6,
        warmup=Warmup(min_ms=200, min_iterations=50, slow_ms=50, slow_iterations=5, max_ms=10000),
        measure=Measure(min_ms=1000, min_samples=10, max_ms=10000),
        launch_timeout_s=600,
    ),
    "strict": Budget(
        launches=10,
        warmup=Warmup(min_ms=500, min_iterations=50, slow_ms=50, slow_iterations=10, max_ms=30000),
        measure=Measure(min_ms=5000, min_samples=100, max_ms=60000),
        launch_timeout_s=1800,
    ),
}
