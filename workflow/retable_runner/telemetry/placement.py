"""Where the watcher runs: on CPUs that the timed processes do not use, or else last in line."""

import os

from retable_runner.telemetry import nodes

ONLINE = "sys/devices/system/cpu/online"
SIBLINGS = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
LAST_IN_LINE = 19  # the nice value that weighs 15 to the usual 1024: it hardly ever preempts


def outside(timed, root="/"):
    """Return the set of CPUs to try: none of `timed`, and none of the same cores if there are such.

    A hyperthread of a timed core would slow it as long as it runs.
    """
    online = nodes.cpus_from(nodes.text(os.path.join(root, ONLINE)) or "")
    siblings = set(timed)
    for cpu in timed:
        listed = nodes.text(os.path.join(root, SIBLINGS.format(cpu)))
        siblings |= nodes.cpus_from(listed or "")
    return online - siblings or online - set(timed)


def move_away(timed):
    """Move this process off the `timed` CPUs; return the words that say where it is now.

    None where the kernel refuses, as it does for CPUs outside the process's cpuset.
    """
    wanted = outside(timed)
    if not wanted or not hasattr(os, "sched_setaffinity"):
        return None
    try:
        os.sched_setaffinity(0, wanted)
    except OSError:
        return None
    got = os.sched_getaffinity(0)
    many = "CPUs" if len(got) > 1 else "CPU"
    return "{} {}, outside the timed ones".format(many, nodes.cpu_list(got))


def yield_to_others():
    """Let all others on these CPUs go first; return the sentence that says so."""
    niceness = os.nice(LAST_IN_LINE)
    return "shares the timed CPUs, at nice {}: there are no others".format(niceness)
