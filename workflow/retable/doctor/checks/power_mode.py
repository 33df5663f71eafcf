"""A Jetson's power mode, and whether its clocks stand still.

nvpmodel and jetson_clocks: Jetson Linux Developer Guide, "Platform Power and Performance". The
clocks are read where jetson_clocks writes them, which needs no root.
"""

import re
from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok, warn
from retable.doctor.readings import Readings

BOARD = "/proc/device-tree/model"
MODES = "/etc/nvpmodel.conf"
GPU = "/sys/class/devfreq/*"
CPUS = "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_*_freq"
GPUS = re.compile(r"\.(gpu|gp10b|gv11b|ga10b)/")  # as telemetry knows them


def is_jetson(readings: Readings) -> bool:
    return "Jetson" in (readings.text(BOARD) or "")


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    if is_jetson(readings):
        yield _of_mode(device, readings)
        yield _of_clocks(readings)


def _of_mode(device: Device, readings: Readings) -> Finding:
    found = re.search(r"NV Power Mode:\s*(\S+)", readings.output("nvpmodel", "-q") or "")
    if found is None:
        return warn("`nvpmodel -q` tells no power mode", "`sudo nvpmodel -q`")
    mode = found[1].removeprefix("MODE_")
    wanted = (device.power_mode or "").split(" ")[0]
    if wanted and mode != wanted:
        return warn(
            f"the power mode is {mode}, and {device.device} is measured in {device.power_mode}",
            f"`sudo nvpmodel -m {_number(wanted, readings.text(MODES) or '')}`",
        )
    return ok(f"the power mode is {mode}")


def _number(mode: str, configuration: str) -> str:
    """The number of a mode in nvpmodel.conf; how to find it, where it has no such mode."""
    named = rf"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(?:MODE_)?{re.escape(mode)}\s*>"
    found = re.search(named, configuration)
    return found[1] if found else f"N, the number of {mode} in {MODES}"


def _of_clocks(readings: Readings) -> Finding:
    """They stand still where the lowest that is allowed is the highest."""
    cpus = readings.texts(CPUS)
    gpus = {
        path: text for path, text in readings.texts(f"{GPU}/*_freq").items() if GPUS.search(path)
    }
    free = {
        _what(path)
        for ranges, lowest, highest in (
            (cpus, "scaling_min_freq", "scaling_max_freq"),
            (gpus, "min_freq", "max_freq"),
        )
        for path, text in ranges.items()
        if path.endswith(f"/{lowest}") and text != ranges.get(path.replace(lowest, highest))
    }
    if free:
        return warn(
            f"the clocks of {' and '.join(sorted(free))} follow the load", "`sudo jetson_clocks`"
        )
    return ok("the clocks of CPUs and GPU stand still")


def _what(path: str) -> str:
    return "the GPU" if "/devfreq/" in path else "the CPUs"
