"""What telemetry says against a launch: pure functions of what was recorded while it was measured.

A launch is not rejected here: the reader is told what else went on. What was not recorded gives
nothing, and a quiet machine gives nothing. What happened while another launch had its turn cannot
be told apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

Kind = Literal["throttled", "clock", "steal", "contended"]
Row = dict[str, Any]

# NVML's clock event reasons (docs.nvidia.com/deploy/nvml-api, nvmlClocksEventReasons) that are the
# GPU's or its power supply's doing. Not those that somebody set (0x2 applications clocks, 0x10 sync
# boost, 0x100 display clocks), nor 0x1, idle.
THROTTLING = {
    0x4: "the software power cap",
    0x8: "a hardware slowdown",
    0x20: "the software thermal slowdown",
    0x40: "the hardware thermal slowdown",
    0x80: "the hardware power brake",
}
COUNTS = {
    ("thermal", "core_throttle_count"): "a core was throttled for heat",
    ("thermal", "package_throttle_count"): "the package was throttled for heat",
    ("jetson", "oc1_events"): "the hardware throttled for under-voltage",
    ("jetson", "oc2_events"): "the hardware throttled for average over-current",
    ("jetson", "oc3_events"): "the hardware throttled for instantaneous over-current",
}
# What a GPU's clock is called: its source, its column, the fact that says where it is locked.
GPU_CLOCKS = (
    ("nvml", "sm_clock_mhz", "locked_sm_clock_mhz"),
    ("jetson", "gpu_clock_mhz", "locked_gpu_clock_mhz"),
)
GPU_CLOCK_BOUND = 0.02  # two steps: one of a GPU's clock is 15 MHz, below 1 %
# A CPU's clock is told in steps of 100 MHz, 2 to 4 % of it, as it was over some milliseconds: one
# step up or down is no news, two are.
CPU_CLOCK_BOUND = 0.05
STEAL_BOUND = 0.01
# With the timed program alone on all CPUs it is 3 %, as the system's small tasks wait. Nobody says
# who waits; with more threads than CPUs, the program's own do.
WAITING_BOUND = 0.1


@dataclass(frozen=True)
class Disturbance:
    """One thing that may have changed the times, in a sentence with figures."""

    kind: Kind
    text: str


def disturbances(telemetry: Mapping[str, Any], start_s: float, end_s: float) -> list[Disturbance]:
    """What disturbed a launch between two times of the recording's clock.

    `telemetry` is the JSON value of `retable_runner.telemetry`; a source that it has not, or that
    has no row in the window, is silent.
    """
    window = Window(telemetry, start_s, end_s)
    return [
        *(Disturbance("throttled", text) for text in _throttled(window)),
        *(Disturbance("clock", text) for text in _gpu_clocks(window)),
        *(Disturbance("clock", text) for text in _cpu_clock(window)),
        *(Disturbance("steal", text) for text in _steal(window)),
        *(Disturbance("contended", text) for text in _contended(window)),
    ]


class Window:
    """The rows of a recording between two times."""

    def __init__(self, telemetry: Mapping[str, Any], start_s: float, end_s: float) -> None:
        self._sources: Mapping[str, Any] = telemetry.get("sources", {})
        self._start_s = start_s
        self._end_s = end_s

    def facts(self, source: str) -> Mapping[str, Any]:
        """The facts of a source; none for one that is absent."""
        facts: Mapping[str, Any] = self._sources.get(source, {}).get("facts", {})
        return facts

    def rows(self, source: str) -> list[Row]:
        """The rows read within the window, by column."""
        rows = self._rows(source)
        return [row for row in rows if self._start_s <= row["t_s"] <= self._end_s]

    def values(self, source: str, column: str) -> list[float]:
        """What a column said within the window."""
        return [row[column] for row in self.rows(source) if row.get(column) is not None]

    def share(self, source: str, column: str) -> float | None:
        """The mean of a rate over the whole intervals in the window; None without one.

        An interval ends with its row, and begins with the row before.
        """
        rows = self.rows(source)
        spans = [
            (row["t_s"] - before["t_s"], row[column])
            for before, row in zip(rows, rows[1:], strict=False)
            if row.get(column) is not None
        ]
        total = sum(seconds for seconds, _ in spans)
        return sum(seconds * share for seconds, share in spans) / total if total else None

    def increase(self, source: str, column: str) -> int:
        """By how much a count rose, from the last row before the window to the first after it."""
        rows = [row for row in self._rows(source) if row.get(column) is not None]
        before = [row for row in rows if row["t_s"] <= self._start_s] or rows[:1]
        after = [row for row in rows if row["t_s"] >= self._end_s] or rows[-1:]
        return int(after[0][column] - before[-1][column]) if rows else 0

    def _rows(self, source: str) -> list[Row]:
        found = self._sources.get(source, {})
        names = ["t_s", *found.get("columns", [])]
        return [dict(zip(names, row, strict=True)) for row in found.get("rows", [])]


def _throttled(window: Window) -> Iterator[str]:
    reasons = [int(value) for value in window.values("nvml", "clock_event_reasons")]
    for bit, name in THROTTLING.items():
        count = sum(bool(value & bit) for value in reasons)
        if count:
            yield f"the GPU was throttled by {name} in {_readings(count, len(reasons))}"
    for (source, column), what in COUNTS.items():
        times = window.increase(source, column)
        if times > 0:
            yield f"{what} {_times(times)}"
    for column, trip in window.facts("thermal").get("trips_c", {}).items():
        degrees = window.values("thermal", column)
        if degrees and max(degrees) >= trip:
            zone = column.removesuffix("_c")
            yield f"{zone} reached {max(degrees):.1f} °C; from {trip:.1f} °C on it is slowed down"


def _gpu_clocks(window: Window) -> Iterator[str]:
    for source, column, fact in GPU_CLOCKS:
        clocks = window.values(source, column)
        if not clocks:
            continue
        lowest, highest = min(clocks), max(clocks)
        locked = window.facts(source).get(fact)
        if locked:
            low = sum(clock < (1 - GPU_CLOCK_BOUND) * locked for clock in clocks)
            if low:
                yield (
                    f"the GPU's clock fell to {lowest:.0f} MHz, {_percent(lowest / locked)} of the "
                    f"locked {locked:.0f} MHz, and was too low in {_readings(low, len(clocks))}"
                )
        elif highest - lowest > GPU_CLOCK_BOUND * highest:
            yield (
                f"the GPU's clock was between {lowest:.0f} and {highest:.0f} MHz, "
                f"{_percent((highest - lowest) / highest)} apart"
            )


def _cpu_clock(window: Window) -> Iterator[str]:
    """The clock of the fastest CPU of each row, which is one that works; medians of rows."""
    fastest = [
        max(clocks)
        for row in window.rows("cpufreq")
        if (clocks := [value for name, value in row.items() if name != "t_s" and value])
    ]
    half = len(fastest) // 2
    if not half:
        return
    locked = window.facts("cpufreq").get("locked_mhz")
    if locked:
        typical = median(fastest)
        if typical < (1 - CPU_CLOCK_BOUND) * locked:
            yield (
                f"the CPU's clock was {typical:.0f} MHz, "
                f"{_percent(typical / locked)} of the locked {locked:.0f} MHz"
            )
        return
    first, last = median(fastest[:half]), median(fastest[-half:])
    if abs(last - first) > CPU_CLOCK_BOUND * max(first, last):
        yield (
            f"the CPU's clock went from {first:.0f} to {last:.0f} MHz "
            f"({_percent(last / first - 1, '+')})"
        )


def _steal(window: Window) -> Iterator[str]:
    share = window.share("steal", "steal_share")
    if share is not None and share > STEAL_BOUND:
        yield f"the hypervisor took {_percent(share)} of the CPUs' time for something else"


def _contended(window: Window) -> Iterator[str]:
    share = window.share("psi", "waiting_share")
    if share is not None and share > WAITING_BOUND:
        yield f"some task of the machine waited for a CPU in {_percent(share)} of the time"


def _readings(count: int, total: int) -> str:
    return f"{count} of {total} readings"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _percent(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f} %"
