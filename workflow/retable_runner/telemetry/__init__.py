"""Telemetry: what the machine did while it was timed, read by a process of its own.

`recording` runs the watcher (`watcher.py`) around a `with` block, in which nobody does anything for
it. What is read are the sources, one file each in `sources/`; a source's module has

`open(watched) -> source`
    `watched` is a `sources.Watched`: the timed CPUs, and the root of the files. Raises Unavailable,
    or ImportError, with the reason, where the machine has no such thing.

    `source.columns`    the names of what it reads, units in them: "sm_clock_mhz", "steal_share"
    `source.facts`      what does not change: limits, settings; JSON values
    `source.read(t_s)`  one value a column at the time `t_s`, or None where there is none now. Rates
                        are since the read before, and None in the first

It opens its files once, and a read is cheap: see `nodes.Node`. Times are `time.monotonic`'s, which
on Linux is `time.perf_counter`'s clock too, the same in all processes.
"""


def recording(interval_ms, cpus):
    """Return a context manager that watches the machine while its block lasts: see `Recording`.

    `cpus` are those that the timed processes may run on. With no interval, nothing is started.
    """
    from retable_runner.telemetry import recorder  # which the watcher's process has no use for

    return recorder.recording(interval_ms, cpus)
