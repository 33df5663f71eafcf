"""On which CPUs an engine of one thread is timed: turn by turn on the next, in all launches alike.

The CPUs of a machine are not equally fast at a time: on one, another virtual machine has the other
half of the core. Launches that stay where the kernel left them time their CPUs as much as their
engines (benchmarks/pairs.py). The launches of a session give each other turns, so that the same
turn of each is on the same CPU.
"""

import os

from retable_runner.telemetry import nodes

CPU = "sys/devices/system/cpu/cpu{}"
# The larger, the faster: of ARM's kernels, relative to the fastest; of most others, in kHz.
SPEEDS = (os.path.join(CPU, "cpu_capacity"), os.path.join(CPU, "cpufreq/cpuinfo_max_freq"))
CACHES = os.path.join(CPU, "cache")
THREADS = "/proc/self/task"


def alike(cpus, root="/"):
    """Return those of the sorted `cpus` that an engine may move between, sorted too.

    The fastest by what the kernel says of their kind, and of these such as share the last cache
    with the first: beyond it the engine's weights would have to be fetched anew.
    """
    speeds = {cpu: _speed(cpu, root) for cpu in cpus}
    fastest = [cpu for cpu in cpus if speeds[cpu] == max(speeds.values())]
    near = _of_one_cache(fastest[0], root)
    return [cpu for cpu in fastest if near is None or cpu in near]


def keep_to(cpus):
    """Keep this thread, and what it starts from now on, to `cpus`; return those it is kept to.

    None where this system cannot, or refuses.
    """
    try:
        os.sched_setaffinity(0, cpus)
    except (AttributeError, OSError):
        return []
    return sorted(os.sched_getaffinity(0))


class Rotation(object):
    """Moves all threads of the process to one CPU after the other; with none, it leaves them."""

    def __init__(self, cpus):
        self._cpus = cpus
        self._moves = 0

    def move(self):
        """Move to the next CPU; return its number, None where there is none to move to."""
        if not self._cpus:
            return None
        cpu = self._cpus[self._moves % len(self._cpus)]
        self._moves += 1
        for thread in os.listdir(THREADS):
            _move(int(thread), cpu)
        return cpu


def _move(thread, cpu):
    try:
        os.sched_setaffinity(thread, {cpu})
    except ProcessLookupError:  # it has just ended
        pass


def _speed(cpu, root):
    paths = (os.path.join(root, path.format(cpu)) for path in SPEEDS)
    return [nodes.number(path) or 0 for path in paths]


def _of_one_cache(cpu, root):
    """The set of CPUs that share the last cache with `cpu`; None where the kernel does not say."""
    caches = nodes.folders(os.path.join(root, CACHES.format(cpu)), "index[0-9]+")
    listed = caches and nodes.text(os.path.join(caches[-1], "shared_cpu_list"))
    return nodes.cpus_from(listed) if listed else None
