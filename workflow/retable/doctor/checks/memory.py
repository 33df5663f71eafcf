"""Free memory, of the machine or of the group of processes that we are in, and swap."""

import re
from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, fail, ok, warn
from retable.doctor.readings import Readings

MEMINFO = "/proc/meminfo"
GROUP = "/sys/fs/cgroup"  # of control groups' version 2; the root group has no such files
LEAST_MIB = 512
WANTED_MIB = 2048  # exporting and building the models of today's suites
WITHOUT_SWAP_MIB = 4096  # below, builders have run out of memory where there is no swap
SWAPPED_MIB = 64
KIB_A_MIB, BYTES_A_MIB = 1024, 1 << 20


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    kib = parsed(readings.text(MEMINFO) or "")
    if "MemAvailable" not in kib:
        yield warn(f"{MEMINFO} tells no free memory", "look at `free -m`")
        return
    free = kib["MemAvailable"] / KIB_A_MIB
    group = _free_in_group_mib(readings)
    if group is not None:
        free = min(free, group)
    yield _of_memory(free, device.memory_limit_mib or WANTED_MIB, readings)
    yield from _of_swap(kib, free)


def parsed(meminfo: str) -> dict[str, int]:
    """KiB by name."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", meminfo, re.MULTILINE)
    return {name: int(kib) for name, kib in found}


def _of_memory(free: float, wanted: int, readings: Readings) -> Finding:
    sentence = f"{free:.0f} MiB of memory are free"
    if free >= wanted:
        return ok(sentence)
    stop = f"stop what takes most ({_largest(readings)})"
    if free < LEAST_MIB:
        return fail(f"{sentence}, and {LEAST_MIB} are needed at least", stop)
    return warn(f"{sentence}, and one launch may take {wanted}", stop)


def _of_swap(kib: dict[str, int], free: float) -> Iterator[Finding]:
    total = kib.get("SwapTotal", 0) / KIB_A_MIB
    used = total - kib.get("SwapFree", 0) / KIB_A_MIB
    if used > SWAPPED_MIB:
        yield warn(
            f"{used:.0f} MiB are swapped out: what is timed may wait for them",
            "`sudo swapoff -a && sudo swapon -a`",
        )
    elif not total and free < WITHOUT_SWAP_MIB:
        yield warn(
            "there is no swap: building a large engine may end for want of memory",
            "`sudo fallocate -l 4G /swapfile && sudo chmod 600 /swapfile && "
            "sudo mkswap /swapfile && sudo swapon /swapfile`",
        )
    else:
        yield ok(f"{used:.0f} of {total:.0f} MiB of swap are used")


def _free_in_group_mib(readings: Readings) -> float | None:
    """What our control group may still take: its file cache can be given back."""
    limit, current = (readings.text(f"{GROUP}/memory.{name}") for name in ("max", "current"))
    if not limit or not current or not limit.isdigit():  # "max": no limit
        return None
    cache = re.search(r"^inactive_file (\d+)$", readings.text(f"{GROUP}/memory.stat") or "", re.M)
    return (int(limit) - int(current) + (int(cache[1]) if cache else 0)) / BYTES_A_MIB


def _largest(readings: Readings) -> str:
    """The process with most memory, as `ps` has it; how to see it, where there is no `ps`."""
    lines = (readings.output("ps", "-eo", "rss=,pid=,comm=", "--sort=-rss") or "").splitlines()
    words = lines[0].split(None, 2) if lines else []
    if len(words) < 3:
        return "see `top -o %MEM`"
    return f"{words[2]}, {int(words[0]) // KIB_A_MIB} MiB: `kill {words[1]}`"
