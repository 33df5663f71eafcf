"""An inference that another program runs and times: we ask, wait, and read what it measured.

It cannot pause, so that its one turn is a whole measurement: see `backends` for what its backend
gives.
"""

import contextlib
import tempfile
import time

import numpy as np

from retable_runner import measure
from retable_runner.errors import Unsupported

NAME = "program"


@contextlib.contextmanager
def opened(backend, files, options, feeds):
    """Find the program and write `feeds` (name -> ndarray) for it; yield the Inference."""
    with tempfile.TemporaryDirectory(prefix="retable-program-") as folder:
        yield Inference(backend.load(files, options, feeds, folder))


class Inference(object):
    """An engine that is loaded anew for each measurement; `facts` are its own.

    `tells_means`: its samples are means of many runs, and too few for a median's interval.
    """

    memory = NAME

    def __init__(self, engine):
        self._engine = engine
        self.facts = engine.facts
        self.tells_means = getattr(engine, "tells_means", False)

    def recording(self, post, warmup, wanted):
        """Return the Recording, which has run once; `warmup` and `wanted` are those of the job."""
        if post is not None:
            raise Unsupported(
                "this program times an engine alone, without what follows on the host"
            )
        return Recording(self._engine, warmup, wanted)

    def further(self, post):
        """Return the samplers of further passes: none."""
        return []


class Recording(object):
    """A launch of one turn, in the form of `measure.Recording`.

    It begins with a measurement of a few iterations: whether the program can load and run the
    engine at all, and how many iterations the time allows. The warm-up, which is part of the
    measurement, is as long as asked; nobody judges whether it was long enough.
    """

    def __init__(self, engine, warmup, wanted, clock=time.perf_counter):
        self._engine = engine
        self._clock = clock
        self._wanted = wanted
        self._warmup_ms = warmup["min_ms"]
        start = clock()
        trial, _, self._trial_facts = engine.measure(0, 0, warmup["slow_iterations"])
        self._trial_ms = (clock() - start) * 1e3
        self._iteration_ms = float(np.median(self._judged(trial)))

    def take_turn(self):
        """Measure, all that is wanted; return True: there is no more."""
        wanted = self._wanted
        fitting = max(1, int(wanted["max_ms"] / self._iteration_ms))
        min_samples = min(wanted["min_samples"], fitting)
        self._samples, seconds, self._facts = self._engine.measure(
            self._warmup_ms, wanted["min_ms"], min_samples
        )
        self._ms = seconds * 1e3
        self._started_s = self._clock() - seconds
        times = self._judged(self._samples)
        enough = measure.Enough(**dict(wanted, max_ms=0.0))  # over, at its first look
        enough(len(times), self._ms, lambda: times)
        self._stopped = enough.facts
        return True

    def _judged(self, samples):
        return np.array(samples[self._engine.fields[0]])

    def times(self):
        """Return {field: milliseconds, one a sample}."""
        return self._samples

    def contention(self):
        """Return nothing: what else the CPUs did is not known of another's samples."""
        return {}

    def facts(self):
        """Return which fields were measured, in what turn, how that ended, and the program's."""
        count = len(self._judged(self._samples))
        duration_ms = round(self._ms, measure.DECIMALS_MS)
        turn = {
            "started_s": round(self._started_s, 6),
            "ms": duration_ms,
            "samples": count,
        }
        return {
            "first_call_ms": round(self._trial_ms, measure.DECIMALS_MS),  # loading included
            "outputs": self._trial_facts["outputs"],
            "warmup": {
                "iterations": self._facts["warmup_iterations"],
                "ms": float(self._warmup_ms),
            },
            "fields": list(self._samples),
            "iterations": count,
            "duration_ms": duration_ms,
            "turns": [turn],
            "stopped": self._stopped,
            "program": self._facts["program"],
        }
