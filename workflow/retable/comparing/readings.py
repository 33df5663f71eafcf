"""Reading a session: the samples with which a case answers a field, by launch and by turn."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retable.comparing.fields import field_samples, field_used
from retable.comparing.statistics import Samples, Statistic
from retable.contract import Result
from retable.sessions import Launch
from retable_statistics.contention import Mask, basis_of, counted

Basis = Literal["kept", "cpu", "all"]


@dataclass(frozen=True)
class Series:
    """One launch's samples of a field, in milliseconds, in the order they came."""

    times: Samples
    kept: Mask  # the undisturbed ones
    cpu: Samples | None  # the CPU time of each; None where it was not counted
    waited: Samples | None  # what its threads waited for a CPU
    turns: list[int]  # how many samples each turn took
    paces: list[float] | None  # the machine's pace as each began, in ms; None where it says nothing

    def read(self, basis: Basis) -> Samples:
        """The samples that count on a basis."""
        return np.concatenate(self.read_by_turn(basis))

    def read_by_turn(self, basis: Basis) -> list[Samples]:
        """The same, those of each turn by themselves."""
        times = self.cpu if basis == "cpu" and self.cpu is not None else self.times
        chosen = self.kept if basis == "kept" else np.ones_like(self.kept)
        ends = np.cumsum(self.turns)[:-1]
        return [
            part[mask]
            for part, mask in zip(np.split(times, ends), np.split(chosen, ends), strict=True)
        ]


@dataclass(frozen=True)
class Reading:
    """A case's samples of a field, by round, all read on one basis: see `contention`."""

    basis: Basis
    rounds: Mapping[int, Series]

    def per_round(self, statistic: Statistic) -> dict[int, float]:
        """The statistic of each launch, in milliseconds or what it makes of them."""
        basis: Basis = "all" if statistic.of_all else self.basis
        return {round_: statistic.of(one.read(basis)) for round_, one in self.rounds.items()}

    def on(self, basis: Basis) -> "Reading":
        """The same samples on another basis."""
        return dataclasses.replace(self, basis=basis)

    @property
    def kept_share(self) -> float | None:
        """The share of undisturbed samples; None where nothing tells them from others."""
        series = self.rounds.values()
        if all(one.cpu is None and one.waited is None for one in series):
            return None
        return float(np.mean(np.concatenate([one.kept for one in series])))


def reading(launches: list[Launch], field: str, post: str, memory: str) -> Reading | None:
    """Read one case's launches, or its twin's; None if its backend does not give the field."""
    rounds = {}
    for launch in launches:
        times = field_samples(field, post, launch.result, memory)
        if times is None:
            return None
        used = field_used(field, launch.result, memory)
        paces = turn_paces(launch.result) if memory == "host" else None
        rounds[launch.entry.round] = _series(times, launch.result, used, paces)
    return Reading(basis_of(rounds.values()), rounds)


def turn_paces(result: Result) -> list[float] | None:
    """The machine's pace in each turn: milliseconds of CPU time that its yardstick took.

    None where it was not told: of a program that times itself, on a system that has no clock of a
    thread, in a session of a runner that knew no yardstick.
    """
    paces = [turn.get("pace", {}).get("cpu_ms") for turn in result.facts.get("turns", [])]
    return paces if paces and all(paces) else None


def common_basis(upper: Reading, lower: Reading) -> Basis:
    """The basis on which both can be read."""
    return upper.basis if upper.basis == lower.basis else "all"


def ratio_by_round(upper: Reading, lower: Reading) -> dict[int, float]:
    """Upper over lower, a round each: the median over the turns that both took of their medians.

    Both are read on their common basis. Turns of the same number were taken close in time; where
    one of the two has no turns (a pass of its own), the launches' medians stand against each other.
    """
    basis = common_basis(upper, lower)
    ratios = {}
    for round_ in sorted(upper.rounds.keys() & lower.rounds.keys()):
        series = [one.rounds[round_] for one in (upper, lower)]
        whole = min(len(one.turns) for one in series) == 1
        sides = [[one.read(basis)] if whole else one.read_by_turn(basis) for one in series]
        logs = [
            math.log(np.median(above)) - math.log(np.median(below))
            for above, below in zip(*sides, strict=False)
            if len(above) and len(below)
        ]
        if logs:
            ratios[round_] = math.exp(np.median(logs))
    return ratios


def _series(times: Samples, result: Result, used: str | None, paces: list[float] | None) -> Series:
    """A pass of its own has no turns, no pace, and nothing was counted in it.

    What was counted is of the whole sample, the first field: another has no CPU time of its own.
    """
    by_turns = result.facts.get("fields", [])
    counters = result.contention if used in by_turns else {}
    if used != next(iter(by_turns), used):
        counters = {name: values for name, values in counters.items() if name != "cpu"}
    turns = [turn["samples"] for turn in result.facts.get("turns", [])]
    found = counted(times, **counters)
    if used not in by_turns:
        turns, paces = [len(times)], None
    return Series(**found._asdict(), turns=turns, paces=paces)
