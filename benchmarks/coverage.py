"""How often the intervals hold the truth, and what the stopping rule calls converged.

`PYTHONPATH=workflow python -m benchmarks.coverage` prints three tables; it takes a minute or two.
The tests (tests/retable_statistics/test_statistics_coverage.py) ask the same of fewer runs.
"""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.streams import STREAMS, Samples, Stream, autoregressive, modes
from retable.config.budget import BUDGETS, Budget
from retable_statistics.bootstrap import bootstrap_interval
from retable_statistics.intervals import quantile_interval
from retable_statistics.launches import apart, median_of_launches
from retable_statistics.stopping import Convergence

TARGET = 0.01
LAUNCHES = 6
BETWEEN = 0.01  # how far apart the launches of one case are, as a standard deviation
REPLICATES = 200
BOOTSTRAP_RUNS = 200
BOOTSTRAPPED = 2000  # samples; launches that are longer are not bootstrapped here: minutes

COLUMNS = (
    "stream",
    "one median?",
    "interval of n samples",
    f"of {LAUNCHES} launches' medians",
    "bootstrap of them",
    "interval at the stop",
    "converged",
    "worst error of these",
    "samples of these, median",
)
STICKY = (modes(0.5, 50), modes(0.3, 500), modes(0.5, 500))  # the hardest: states that last
FIRST_LOOKS = (100, 500, 1000)  # samples
PRESETS = ("standard", "strict")
CASES = 200  # of each stream and preset
SHORT_SERIES = (20, 100, 200, 500, 1000, 2000)  # samples


def interval_holds(stream: Stream, seed: int) -> bool:
    """Whether the 95 % interval of `enough` samples holds the median."""
    interval = quantile_interval(stream.draw(seed, stream.enough))
    return interval.low <= stream.median <= interval.high


def launches(stream: Stream, seed: int) -> list[Samples]:
    """The launches of one case; each has a factor of its own."""
    factors = 1 + BETWEEN * np.random.RandomState([seed, 3]).standard_normal(LAUNCHES)
    seeds = range(LAUNCHES * seed, LAUNCHES * (seed + 1))
    return [
        factor * stream.draw(one, stream.enough) for factor, one in zip(factors, seeds, strict=True)
    ]


def launches_hold(stream: Stream, seed: int) -> bool:
    """Whether the interval of the launches' medians holds the median."""
    estimate = median_of_launches([np.median(launch) for launch in launches(stream, seed)])
    return estimate.low <= stream.median <= estimate.high


def bootstrap_holds(stream: Stream, seed: int) -> bool:
    """Whether the bootstrap's interval holds the median."""
    estimate = bootstrap_interval(launches(stream, seed), replicates=REPLICATES)
    return estimate.low <= stream.median <= estimate.high


def measured(stream: Stream, seed: int, **options: int) -> Convergence:
    """The stopping rule at its end on one run."""
    rule = Convergence(TARGET, **options)
    samples = stream.draw(seed, 2 * rule.next_look)
    while not (rule.converged or rule.exhausted):
        if rule.next_look > len(samples):
            samples = stream.draw(seed, 2 * rule.next_look)
        rule.look(samples[: rule.next_look])
    return rule


def interval_runs(stream: Stream) -> int:
    """How many runs its intervals are judged by: fewer where one is long."""
    return max(150, min(1000, 5_000_000 // stream.enough))


def rule_runs(stream: Stream) -> int:
    """How many runs the rule is judged by: one that never converges takes 0.14 s."""
    if stream.median is None:
        return 30
    return 200 if stream.enough < 10_000 else 40


def coverage(holds: Callable[[Stream, int], bool], stream: Stream, runs: int) -> float:
    """In which share of runs an interval holds the median."""
    return float(np.mean([holds(stream, seed) for seed in range(runs)]))


def coverage_row(stream: Stream) -> Iterator[str]:
    """The cells of a stream: its intervals, and the rule on its runs."""
    runs = interval_runs(stream)
    rules = [measured(stream, seed) for seed in range(rule_runs(stream))]
    ended = [rule.interval for rule in rules if rule.converged]
    yield stream.name
    if stream.median is None:
        yield from ("no", "", "", "", "")
    else:
        yield "yes"
        yield f"{coverage(interval_holds, stream, runs):.1%} of {runs}, n = {stream.enough}"
        yield f"{coverage(launches_hold, stream, runs):.1%}"
        bootstrapped = stream.enough <= BOOTSTRAPPED
        yield f"{coverage(bootstrap_holds, stream, BOOTSTRAP_RUNS):.1%}" if bootstrapped else ""
        yield f"{np.mean([one.low <= stream.median <= one.high for one in ended]):.1%}"
    yield f"{len(ended) / len(rules):.0%} of {len(rules)}"
    if ended:
        yield f"{max(stream.error(one.value, one.n) for one in ended):.2%}"
        yield f"{np.median([one.n for one in ended]):.0f}"
    else:
        yield from ("", "")


def short_series_row(stream: Stream) -> Iterator[str]:
    """The coverage where there are too few samples, and the share of runs without an interval."""
    yield stream.name
    for n in SHORT_SERIES:
        intervals = [quantile_interval(stream.draw(seed, n)) for seed in range(400)]
        held = np.mean([one.low <= stream.median <= one.high for one in intervals])
        open_ended = np.mean([np.isinf(one.high - one.low) for one in intervals])
        yield f"{held:.1%} ({open_ended:.0%})"


def first_look_row(stream: Stream) -> Iterator[str]:
    """The shares of runs called converged with an error over 2 %, by the rule's `min_samples`."""
    yield stream.name
    for first in FIRST_LOOKS:
        rules = [measured(stream, seed, min_samples=first) for seed in range(50)]
        ended = [rule.interval for rule in rules if rule.converged]
        wrong = sum(stream.error(one.value, one.n) > 2 * TARGET for one in ended)
        yield f"{wrong / len(rules):.0%}"


def case_error(stream: Stream, seed: int, budget: Budget) -> float | None:
    """The error of a case that a preset calls converged; None where it does not.

    All launches must converge by themselves, and agree: see `retable.comparing.answers`.
    """
    medians, lengths = [], []
    for launch in range(budget.launches):
        rule = measured(stream, 1000 * seed + launch, min_samples=budget.measure.min_samples)
        if not rule.converged:
            return None
        medians.append(rule.interval.value)
        lengths.append(rule.interval.n)
    value = median_of_launches(medians)
    return stream.error(value.value, min(lengths)) if apart(value) <= 2 * TARGET else None


def case_row(stream: Stream) -> Iterator[str]:
    """By preset: how many cases are called converged, and the worst error of these."""
    yield stream.name
    for preset in PRESETS:
        errors = [case_error(stream, seed, BUDGETS[preset]) for seed in range(CASES)]
        ended = [error for error in errors if error is not None]
        worst = f", worst error {max(ended):.2%}" if ended else ""
        yield f"{len(ended)} of {CASES}{worst}"


def print_row(*cells: str) -> None:
    print("|", " | ".join(cells), "|", flush=True)


def main() -> None:
    print(f"Intervals for 95 %; the rule's target is {TARGET:.0%}.\n")
    print_row(*COLUMNS)
    print_row(*["---"] * len(COLUMNS))
    for stream in STREAMS:
        print_row(*coverage_row(stream))
    print("\nThe interval of too few samples (share of runs in which it is infinite):\n")
    print_row("stream", *(f"n = {n}" for n in SHORT_SERIES))
    print_row(*["---"] * (1 + len(SHORT_SERIES)))
    for phi in (0.0, 0.5, 0.9, 0.99):
        print_row(*short_series_row(autoregressive(phi)))
    print("\nConverged with an error over 2 %, when the rule may look sooner:\n")
    print_row("stream", *(f"min_samples={first}" for first in FIRST_LOOKS))
    print_row(*["---"] * (1 + len(FIRST_LOOKS)))
    for stream in STICKY:
        print_row(*first_look_row(stream))
    print("\nCases of the presets, whose launches must agree besides:\n")
    print_row("stream", *PRESETS)
    print_row(*["---"] * (1 + len(PRESETS)))
    for stream in (*STICKY, autoregressive(0.9)):
        print_row(*case_row(stream))


if __name__ == "__main__":
    main()
