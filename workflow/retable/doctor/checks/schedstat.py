"""Whether the kernel counts how long a thread waits for a CPU: contention is told by it.

docs.kernel.org/scheduler/sched-stats.html; without CONFIG_SCHEDSTATS the counting follows
kernel.task_delayacct (include/linux/sched/stat.h).
"""

from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok, warn
from retable.doctor.readings import Readings

INIT = "/proc/1/schedstat"  # of a process that has surely run, and waited


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    text = readings.text(INIT)
    if text is None:
        yield warn(
            "the kernel does not count how long threads wait (no schedstat): disturbed samples "
            "are told by preemptions alone",
            "a kernel with CONFIG_SCHED_INFO",
        )
    elif not any(int(word) for word in text.split()[:2]):
        yield warn(
            "the kernel's count of how long threads wait is off",
            "`sudo sysctl kernel.task_delayacct=1`",
        )
    else:
        yield ok("the kernel counts how long threads wait for a CPU")
