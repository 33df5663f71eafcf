"""What else the CPUs do, over one second: other programs, and the hypervisor's other guests."""

from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok, warn
from retable.doctor.readings import Readings

STAT = "/proc/stat"
PROCESSES = "/proc/[0-9]*/stat"
BUSY_CPUS = 0.15  # what a machine at rest, and this check itself, use
STOLEN_SHARE = 0.02
# The columns of /proc/stat (proc_stat(5)), in clock ticks.
USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL = range(8)


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    before, after = readings.apart(STAT, PROCESSES)
    if STAT not in before or STAT not in after:
        yield warn("/proc/stat cannot be read: nothing tells other load", "look at `top`")
        return
    cpus = sum(line.startswith("cpu") for line in after[STAT].splitlines()) - 1
    spent = [late - early for early, late in zip(_ticks(before), _ticks(after), strict=True)]
    total = max(1, sum(spent))
    busy = cpus * (total - spent[IDLE] - spent[IOWAIT] - spent[STEAL]) / total
    stolen = spent[STEAL] / total
    if busy > BUSY_CPUS:
        yield warn(
            f"other programs use {busy:.1f} of {cpus} CPUs{_busiest(before, after)}",
            "stop them, or wait: `top -o %CPU`",
        )
    else:
        yield ok(f"other programs use {busy:.1f} of {cpus} CPUs")
    if stolen > STOLEN_SHARE:
        yield warn(
            f"the hypervisor took {100 * stolen:.0f} % of the CPUs' time",
            "another time, or a machine of its own: nothing inside this one mends it",
        )


def _ticks(texts: dict[str, str]) -> list[int]:
    """The first eight columns of all CPUs together; guests' time is in user's."""
    return [int(word) for word in texts[STAT].splitlines()[0].split()[1:9]]


def _busiest(before: dict[str, str], after: dict[str, str]) -> str:
    """The process that used most in between."""
    used = {
        path: _used(text) - _used(before[path])
        for path, text in after.items()
        if path != STAT and path in before
    }
    if not used or max(used.values()) <= 0:
        return ""
    path = max(used, key=lambda one: used[one])
    name = after[path].partition("(")[2].rpartition(")")[0]
    return f", most of it {name} (process {path.split('/')[2]})"


def _used(stat: str) -> int:
    """User and system ticks of a process: columns 14 and 15, proc_pid_stat(5)."""
    columns = stat.rpartition(")")[2].split()  # from the third column on: the name may have spaces
    return int(columns[11]) + int(columns[12])
