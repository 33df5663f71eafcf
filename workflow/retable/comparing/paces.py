"""The machine's pace: how fast it was while a case was timed, and what that makes of its value.

A pace is the CPU time of a fixed small calculation (`retable_runner.yardstick`), in milliseconds:
twice the pace, half the speed. It is the host's, and says nothing of a GPU.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np

from retable.comparing.comparison import Pace
from retable.comparing.readings import Reading, Series, turn_paces
from retable.comparing.statistics import Samples
from retable.sessions import Launch


def pace_of(found: Reading) -> float | None:
    """The machine's pace while a case was timed: the median of its launches; None if not told."""
    paces = launch_paces(found)
    return float(np.median(paces)) if paces else None


def launch_paces(found: Reading) -> list[float]:
    """The pace of each launch, the median of its turns; nothing where one of them has none."""
    series = list(found.rounds.values())
    if any(one.paces is None for one in series):
        return []
    return [float(np.median(one.paces)) for one in series if one.paces]


def at_pace(found: Reading, pace_ms: float) -> Reading | None:
    """The samples as they would be on a machine of that pace: scaled turn by turn.

    None where the pace was not told, or the samples have the time of others in them (the basis
    `all`), which does not go with it.
    """
    if found.basis == "all" or not launch_paces(found):
        return None
    rounds = {round_: _scaled(one, pace_ms) for round_, one in found.rounds.items()}
    return dataclasses.replace(found, rounds=rounds)


def session_paces(launches: Iterable[Launch]) -> dict[str, Pace]:
    """The pace of a session's launches, by the version of the numpy that calculated it.

    Nothing of launches whose inputs and outputs are not in the host's memory.
    """
    by_numpy: dict[str, list[float]] = {}
    for launch in launches:
        result = launch.result
        paces = turn_paces(result) if result.facts.get("memory") == "host" else None
        if paces is not None:
            version = result.versions.get("numpy", "unknown")
            by_numpy.setdefault(version, []).append(float(np.median(paces)))
    return {
        version: Pace(
            median_ms=float(np.median(paces)), fastest_ms=min(paces), slowest_ms=max(paces)
        )
        for version, paces in by_numpy.items()
    }


def _scaled(one: Series, pace_ms: float) -> Series:
    """`waited` stays: it is not the timed program's."""
    factors = np.repeat(pace_ms / np.asarray(one.paces), one.turns)
    cpu: Samples | None = None if one.cpu is None else one.cpu * factors
    return dataclasses.replace(one, times=one.times * factors, cpu=cpu)
