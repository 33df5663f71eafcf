"""Real launches of the null backend, as a session starts them: some end before they should."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from retable.contract import Artifact
from retable.jobs.launch import LaunchJob, Measure, Turn, Warmup
from retable.local import LocalWorkspace
from retable.places import PACKAGES, RunningJob
from retable.processes import Program

# Turns of exactly two samples: no time decides how many there are.
WARMUP = Warmup(min_ms=0, min_iterations=1, slow_ms=1e6, slow_iterations=1, max_ms=0)
TURN = Turn(settle_ms=0, settle_max_ms=0, min_ms=0, min_samples=2)

# The runner as it is, but that something happens at the beginning of a turn.
IN_A_TURN = """
import os, sys, time
from retable_runner import __main__, measure
take_turn, taken = measure.Recording.take_turn, []
def take_turn_after_that(recording):
    taken.append(1)
    if len(taken) == {turn}:
        {happens}
    return take_turn(recording)
measure.Recording.take_turn = take_turn_after_that
sys.exit(__main__.main(sys.argv[1:]))
"""


class NullLaunches:
    """Starts launches in a folder; `turns` is how many each wants."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        engine, sample = folder / "engine.json", folder / "sample.npz"
        engine.write_text("{}")
        np.savez(sample, x=np.zeros((1, 3, 8, 8), np.float32))
        self._engine, self._sample = _artifact(engine), _artifact(sample)

    def job(self, turns: int, **options: Any) -> LaunchJob:
        return LaunchJob(
            backend="null",
            engine={"engine": self._engine},
            sample=self._sample,
            post="none",
            options={"latency_ms": 0.1, **options},
            warmup=WARMUP,
            turn=TURN,
            measure=Measure(min_ms=0, min_samples=2 * turns, max_ms=1e9, target=None),
            conducted=True,
        )

    def start(self, turns: int = 6, **options: Any) -> RunningJob:
        workspace = LocalWorkspace(Path(sys.executable))
        return workspace.start(
            "retable_runner", self.job(turns, **options), log=self.log, talks=True
        )

    def start_with(self, happens: str, turn: int) -> RunningJob:
        """A launch in which a statement is run at the beginning of a turn, counted from 1."""
        code = IN_A_TURN.format(happens=happens, turn=turn)

        def started(job: Path, result: Path) -> Program:
            command = [sys.executable, "-c", code, str(job), str(result)]
            return Program(command, self.log, {"PYTHONPATH": str(PACKAGES)}, talks=True)

        return RunningJob(self.job(turns=6), started)


def _artifact(path: Path) -> Artifact:
    content = path.read_bytes()
    return Artifact(path=str(path), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
