"""Heat: how near the thermal zones are to where the kernel slows the machine down.

docs.kernel.org/driver-api/thermal/sysfs-api.html; temperatures are thousandths of a degree.
"""

import re
from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok, warn
from retable.doctor.readings import Readings

THERMAL = "/sys/class/thermal"
NEAR_C = 5
SLOWING = ("passive", "hot")  # trip points that slow down; "active" ones start fans
SLOWED = re.compile(
    r"processor|cpu|gpu", re.IGNORECASE
)  # cooling devices that are clocks, not fans
COOL = "let it cool, and give it air: `watch cat /sys/class/thermal/thermal_zone*/temp`"


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    zones = readings.texts(f"{THERMAL}/thermal_zone*/*")
    hottest = None
    for path, text in zones.items():
        folder, _, name = path.rpartition("/")
        temperature = _celsius(text) if name == "temp" else None
        if temperature is None:
            continue
        hottest = temperature if hottest is None else max(hottest, temperature)
        trip = _trip(folder, zones)
        if trip is not None and temperature > trip - NEAR_C:
            zone = zones.get(f"{folder}/type", folder)
            yield warn(f"{zone} is at {temperature:.0f} °C, and slowed at {trip:.0f}", COOL)
    yield from _of_cooling(readings)
    if hottest is not None:
        yield ok(f"the hottest thermal zone is at {hottest:.0f} °C")
    else:
        yield ok("there are no thermal zones to read (a virtual machine, or another's to watch)")


def _of_cooling(readings: Readings) -> Iterator[Finding]:
    """Clocks that are held down at this moment."""
    devices = readings.texts(f"{THERMAL}/cooling_device*/*")
    for path, state in devices.items():
        folder, _, name = path.rpartition("/")
        kind = devices.get(f"{folder}/type", "")
        if name == "cur_state" and SLOWED.search(kind) and state.isdigit() and int(state):
            yield warn(f"{kind} is slowed at this moment (cooling state {state})", COOL)


def _trip(folder: str, zones: dict[str, str]) -> float | None:
    """The lowest temperature at which a zone is slowed; None without one."""
    found = [
        _celsius(zones.get(path.removesuffix("type") + "temp", ""))
        for path, text in zones.items()
        if path.startswith(f"{folder}/trip_point_") and path.endswith("_type") and text in SLOWING
    ]
    return min((one for one in found if one is not None and one > 0), default=None)


def _celsius(text: str) -> float | None:
    return int(text) / 1000 if re.fullmatch(r"-?\d+", text) else None
