"""An NVIDIA GPU: whether it answers, who else uses it, what holds its clocks down.

By nvidia-smi, which a driver brings along. Whether its clocks are locked to a range
(`--lock-gpu-clocks`), it does not tell.
"""

from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.checks.power_mode import is_jetson
from retable.doctor.findings import Finding, fail, ok, warn
from retable.doctor.readings import Readings

SMI = "nvidia-smi"
FORMAT = "--format=csv,noheader,nounits"
FIELDS = ("name", "driver_version", "persistence_mode", "temperature.gpu", "utilization.gpu")
REASONS = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")  # newer name, older
BUSY_PERCENT = 5
# What speaks against a measurement (nvml.h, nvmlClocksEventReasons).
SLOWED_BY = {
    0x4: "its power limit",
    0x8: "the hardware's slowdown",
    0x20: "heat",
    0x40: "heat, by the hardware",
    0x80: "the power supply's brake",
}


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    needs_one = any(device.memory_of(player) == "device" for player in device.backends)
    if not needs_one or is_jetson(readings):
        return
    found = queried(readings.output(SMI, f"--query-gpu={','.join(FIELDS)}", FORMAT), len(FIELDS))
    if not found:
        yield fail(
            "no NVIDIA GPU answers here (`nvidia-smi` is missing, or fails)",
            "install the GPU's driver and start again, or name another device",
        )
        return
    name, driver, persistence, celsius, busy = found[0]  # the one that CUDA numbers 0, if all alike
    yield ok(f"{name}, driver {driver}, {celsius} °C")
    if persistence == "Disabled":
        yield warn("the GPU is put to sleep between launches", f"`sudo {SMI} -pm 1`")
    yield from _of_others(busy, readings)
    yield from _of_clocks(readings)


def queried(csv: str | None, columns: int) -> list[list[str]]:
    """The rows of nvidia-smi's CSV that have so many columns."""
    rows = [[word.strip() for word in line.split(",")] for line in (csv or "").splitlines()]
    return [row for row in rows if len(row) == columns]


def _of_others(busy: str, readings: Readings) -> Iterator[Finding]:
    query = "--query-compute-apps=pid,process_name,used_memory"
    programs = queried(readings.output(SMI, query, FORMAT), 3)
    for pid, name, mib in programs:
        yield warn(
            f"another program uses the GPU: {name}, {mib} MiB", f"stop it: `kill {pid}`, or wait"
        )
    if not programs and busy.isdigit() and int(busy) > BUSY_PERCENT:
        yield warn(
            f"the GPU is {busy} % busy, by a program that cannot be seen from here",
            f"look at `{SMI}` outside this container",
        )


def _of_clocks(readings: Readings) -> Iterator[Finding]:
    answers = (readings.output(SMI, f"--query-gpu={name}", FORMAT) for name in REASONS)
    answer = next((one for one in answers if one), "")
    try:
        bits = int(answer.splitlines()[0], 16)
    except (ValueError, IndexError):  # "[N/A]": this GPU does not tell
        return
    slowed = [what for bit, what in SLOWED_BY.items() if bits & bit]
    if slowed:
        yield warn(
            f"the GPU's clocks are held down by {' and '.join(slowed)}",
            f"let it cool, and see `{SMI} -q -d PERFORMANCE,POWER,TEMPERATURE`",
        )
