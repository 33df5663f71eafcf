"""The most memory that this process has had."""

from pathlib import Path


def peak_mib() -> float:
    """Return the peak of this program's resident memory, in MiB: VmHWM of Linux.

    `getrusage` would not do: its peak goes on from that of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(found) / 1024
