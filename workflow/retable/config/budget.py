"""The presets `quick`, `standard` and `strict`: how long each case is timed."""

from retable.config.entry import Entry
from retable.jobs.launch import Measure, Turn, Warmup


class Budget(Entry):
    """What a case gets: how many launches, and what each of them does (times in milliseconds).

    `reply_timeout_s` is how long a launch may stay silent: while it loads, while it warms up, in
    each of its turns, in all passes behind them, and while it ends.
    """

    launches: int
    warmup: Warmup
    turn: Turn
    measure: Measure
    reply_timeout_s: float
    telemetry_ms: float | None = 200  # how often the machine is looked at meanwhile


# Short enough that what changes the machine's speed changes all cases of the block alike
# (benchmarks/pairs.py shows how much), and long enough to outweigh what goes before.
TURN = Turn(settle_ms=3, settle_max_ms=60, min_ms=25, min_samples=3)

# What loading an engine and running it once may take, however slow it is: where all that it
# computes of the sample is looked at.
ONE_INFERENCE_S = 600.0

BUDGETS = {
    "quick": Budget(
        launches=3,
        warmup=Warmup(min_ms=200, min_iterations=50, slow_ms=4, slow_iterations=3, max_ms=400),
        turn=TURN,
        measure=Measure(min_ms=500, min_samples=5, max_ms=5000, target=None),
        reply_timeout_s=120,
    ),
    "standard": Budget(
        launches=6,
        warmup=Warmup(min_ms=200, min_iterations=50, slow_ms=50, slow_iterations=5, max_ms=10000),
        turn=TURN,
        measure=Measure(min_ms=1000, min_samples=500, max_ms=10000, target=0.01),
        reply_timeout_s=600,
    ),
    "strict": Budget(
        launches=10,
        warmup=Warmup(min_ms=500, min_iterations=50, slow_ms=50, slow_iterations=10, max_ms=30000),
        turn=TURN,
        measure=Measure(min_ms=5000, min_samples=1000, max_ms=60000, target=0.01),
        reply_timeout_s=1800,
    ),
}
