"""When a launch has measured enough: the stopping rule's maths. The clock is the caller's."""

import math

from retable_statistics.arrays import fraction, series
from retable_statistics.drift import relative_drift
from retable_statistics.intervals import autocorrelation_time, quantile_interval, relative_error
from retable_statistics.percentiles import samples_needed

MAX_LOOKS = 10
LOOK_GROWTH = 1.5
# Each look's interval is for 1 - 0.05 / MAX_LOOKS, so that with probability 95 % none of them
# misses, whichever ends the launch (union bound).
Z = 2.81
# The median of a launch that drifts by 1 % is within about 0.5 % of either end's: less than the
# error of a table's digits. What drifts more has a caution in its cell.
MAX_DRIFT = 0.01
# A device that stays in a state for D samples on average shows one state only in a share
# exp(-n / D) of launches of n samples, and those look like any steady launch. 5000 samples see
# through D = 500 in all but 1 of 20,000.
MIN_SAMPLES = 5000


class Convergence(object):
    """The rule that says of a growing series whether its quantile q is known well enough.

    Ask `look` with the samples so far once there are `next_look` of them, and again until it says
    True, `exhausted` is set or the time is over. Every look counts: more than MAX_LOOKS would spend
    more error than the intervals allow for. The last look leaves for the record

    - `interval`: the quantile's Interval for 99.5 %,
    - `error`: half its width over the quantile; inf where there is none,
    - `effective`: the number of independent samples, n over the longer of two autocorrelation
      times, the indicator's and the samples' own: a state that is rare, or beyond the quantile,
      shows in the second only,
    - `why_not`: what is missing, in a short phrase; None when `converged`.

    To be converged takes `min_samples` samples; `min_effective` independent ones, and as many as
    `samples_needed` asks for the quantile; an error of `target` at most, and of 2 * `target` at
    twice z, which tells two modes within reach from one (in one mode the error doubles with z, and
    5.6 standard errors hardly ever mislead): so no quantile that is off by more than 2 * `target`
    is called converged; and a drift of MAX_DRIFT at most. A smaller `min_samples` is right where
    iterations are slow, at the price that MIN_SAMPLES' comment tells.
    """

    def __init__(self, target, q=0.5, min_effective=100, min_samples=MIN_SAMPLES):
        if not target > 0:
            raise ValueError("a target is above 0, not {}".format(target))
        self.target = target
        self.q = fraction(q)
        self.min_effective = max(min_effective, samples_needed(q))
        self.min_samples = max(min_samples, self.min_effective)
        self.next_look = self.min_samples
        self.looks = 0
        self.interval = None
        self.error = math.inf
        self.effective = 0.0
        self.why_not = "no look yet"

    @property
    def converged(self):
        """Whether the last look found nothing missing."""
        return self.why_not is None

    @property
    def exhausted(self):
        """Whether all looks are spent without convergence."""
        return self.looks >= MAX_LOOKS and not self.converged

    def look(self, samples):
        """Return whether the series, of shape (n,), is `converged`; ValueError after the end."""
        if self.converged or self.exhausted:
            raise ValueError("the rule has come to its end after {} looks".format(self.looks))
        values = series(samples)
        self.looks += 1
        self.interval = quantile_interval(values, self.q, Z)
        self.error = relative_error(self.interval)
        slowest = max(self.interval.tau, autocorrelation_time(values))
        self.effective = len(values) / slowest
        self.why_not = self._shortcoming(values)
        self.next_look = max(self.min_samples, int(math.ceil(LOOK_GROWTH * len(values))))
        return self.converged

    def _shortcoming(self, values):
        """Return what keeps the last look's series from convergence, None if nothing does."""
        if len(values) < self.min_samples:
            return "{} of {} samples".format(len(values), self.min_samples)
        if self.effective < self.min_effective:
            return "{:.0f} of {} independent samples".format(self.effective, self.min_effective)
        if self.error > self.target:
            return "error {:.2%}, target {:.2%}".format(self.error, self.target)
        doubled = relative_error(quantile_interval(values, self.q, 2 * Z))
        if doubled > 2 * self.target:
            return "another mode {:.2%} away".format(doubled)
        drift = relative_drift(values)
        if abs(drift) > MAX_DRIFT:
            return "drift {:+.2%}".format(drift)
        return None
