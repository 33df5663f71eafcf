"""Whether the CPUs' clocks follow the load: a short turn is then measured on its way up."""

from collections import Counter
from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok, warn
from retable.doctor.readings import Readings

GOVERNORS = "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"
STEADY = "performance"


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    governors = Counter(readings.texts(GOVERNORS).values())
    others = [f"{name} on {count} CPUs" for name, count in governors.items() if name != STEADY]
    if others:
        yield warn(
            f"the CPUs' clocks follow the load (governor {', '.join(others)})",
            f"`echo {STEADY} | sudo tee {GOVERNORS}`",
        )
    elif governors:
        yield ok(f"the CPUs' governor is {STEADY}")
    else:
        yield ok("the CPUs' clocks are not set from here (a virtual machine, or none to set)")
