"""What is to be said against a value: by its own samples, and by what the machine did meanwhile."""

from collections.abc import Iterable, Iterator

import numpy as np

from retable.comparing.comparison import Caution
from retable.comparing.disturbances import disturbances
from retable.comparing.paces import launch_paces
from retable.comparing.readings import Reading
from retable.comparing.statistics import Statistic
from retable.sessions import Launch, Session
from retable_statistics.drift import relative_drift
from retable_statistics.outliers import mad_outliers

EMULATED = Caution(kind="emulated", text="every instruction was translated: the time is of that")
DRIFT = 0.01  # of the median, from a launch's first sample to its last
OUTLIERS = 0.01  # of the value, with the samples that stand apart and without
PACE = 0.15  # the slowest of a case's launches beside the fastest


def cautions_of(
    found: Reading, statistic: Statistic, launches: list[Launch], session: Session
) -> list[Caution]:
    """All cautions of a case's value, which is the statistic of its samples; one of each kind."""
    first: dict[str, Caution] = {}
    for caution in (
        *_of_contention(found),
        *_of_warm_up(launches),
        *_of_compilation(launches),
        *_of_drift(found),
        *_of_outliers(found, statistic),
        *_of_pace(found),
        *_of_the_machine(launches, session),
    ):
        first.setdefault(caution.kind, caution)
    return list(first.values())


def _of_contention(found: Reading) -> Iterator[Caution]:
    if found.basis == "kept" or found.kept_share is None:
        return
    share = f"{100 * (1 - found.kept_share):.0f} % of the samples had to wait for a CPU"
    what = {
        "cpu": "the value is the CPU time of the one thread that ran",
        "all": "the value has their time in it",
    }[found.basis]
    yield Caution(kind="contended", text=f"{share}: {what}")


def _of_warm_up(launches: list[Launch]) -> Iterator[Caution]:
    unsteady = sum(
        not launch.result.facts.get("warmup", {}).get("steady", True) for launch in launches
    )
    if unsteady:
        share = f"{unsteady} of {len(launches)} launches"
        yield Caution(kind="unsteady", text=f"no steady state by the end of warm-up in {share}")


def _of_compilation(launches: list[Launch]) -> Iterator[Caution]:
    late = sum(launch.result.facts.get("compilation", {}).get("late", 0) > 0 for launch in launches)
    if late:
        share = f"{late} of {len(launches)} launches"
        yield Caution(kind="compiling", text=f"more was compiled while it was timed in {share}")


def _of_drift(found: Reading) -> Iterator[Caution]:
    """Where all launches drift, and the same way: one alone may have met anything."""
    series = found.rounds.values()
    drifts = [relative_drift(one.read(found.basis)) for one in series]
    if min(drifts) > DRIFT or max(drifts) < -DRIFT:
        way = "slower" if min(drifts) > 0 else "faster"
        amount = 100 * abs(float(np.median(drifts)))
        yield Caution(kind="drift", text=f"the samples of a launch get {amount:.1f} % {way}")


def _of_outliers(found: Reading, statistic: Statistic) -> Iterator[Caution]:
    """Where few samples move a value that is to tell of all: a mean, never a p99 or a sum."""
    if statistic.of_all:
        return
    series = [one.read(found.basis) for one in found.rounds.values()]
    labels = [mad_outliers(samples) for samples in series]
    moves = [
        statistic.of(samples) / statistic.of(samples[~apart]) - 1
        for samples, apart in zip(series, labels, strict=True)
    ]
    moved = float(np.median(moves))
    if abs(moved) > OUTLIERS:
        share = f"{100 * np.mean(np.concatenate(labels)):.1f} % of the samples"
        way = f"{100 * abs(moved):.1f} % {'up' if moved > 0 else 'down'}"
        text = f"{share} stand apart from their launch's median and move the value {way}"
        yield Caution(kind="outliers", text=text)


def _of_pace(found: Reading) -> Iterator[Caution]:
    """Where launches met the machine at another speed: that is in the value, and its interval."""
    paces = launch_paces(found)
    if paces and max(paces) > (1 + PACE) * min(paces):
        more = 100 * (max(paces) / min(paces) - 1)
        yield Caution(
            kind="pace",
            text=f"a fixed calculation took the machine {min(paces):.3g} to {max(paces):.3g} ms, "
            f"{more:.0f} % more, from launch to launch",
        )


def _of_the_machine(launches: list[Launch], session: Session) -> Iterable[Caution]:
    for launch in launches:
        window = _window(launch)
        if window is None:
            continue
        for one in disturbances(session.telemetry, *window):
            yield Caution(kind=one.kind, text=f"round {launch.entry.round + 1}: {one.text}")


def _window(launch: Launch) -> tuple[float, float] | None:
    """From a launch's first turn to the end of its last, in seconds of the runner's clock."""
    turns = launch.result.facts.get("turns", [])
    if not turns:
        return None
    return turns[0]["started_s"], turns[-1]["started_s"] + turns[-1]["ms"] / 1e3
