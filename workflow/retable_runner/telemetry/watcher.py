"""The process that watches the machine while others are timed.

`python -S -m retable_runner.telemetry.watcher INTERVAL_MS CPUS`, the timed CPUS in the kernel's
list format. It prints an empty line when it has read every source once, reads on at the interval,
and when its stdin closes prints one JSON object and ends; it does not outlive its parent.
"""

import json
import select
import signal
import sys
import time

from retable_runner import orphans, outcomes
from retable_runner.telemetry import nodes, placement, sources

STDIN = 0
DECIMALS_S = 4
DIGITS = 6  # of a value: finer than any source is


class Record(object):
    """One source's columns, facts and rows; `reason` says why it is absent, or why it ended."""

    def __init__(self, name, watched):
        self.reason = None
        self.columns = []
        self.facts = {}
        self.rows = []
        self._read = None
        try:
            source = sources.load(name).open(watched)
        except Exception as error:  # whatever a library, a driver or a sensor can come up with
            self.reason = outcomes.reason(error)
        else:
            self.columns, self.facts, self._read = source.columns, source.facts, source.read

    def add_row(self, clock):
        """Read the source once; one that fails is not read again."""
        if self._read is None:
            return
        t_s = clock()
        try:
            values = self._read(t_s)
        except Exception as error:
            self.reason = outcomes.reason(error)
            self._read = None
        else:
            self.rows.append([round(t_s, DECIMALS_S)] + [_short(value) for value in values])

    def value(self):
        """Return the record as a JSON value."""
        return {
            "columns": list(self.columns),
            "rows": self.rows,
            "facts": self.facts,
            "reason": self.reason,
        }


def watch(records, interval_s, over, clock=time.monotonic):
    """Add a row to each record every `interval_s` until `over(seconds)`, which waits, says True.

    A last row follows, unless there has just been one. Rows that a delay made late are left out.
    """
    due_s = clock() + interval_s
    while not over(max(0.0, due_s - clock())):
        add_rows(records, clock)
        due_s += interval_s
        if due_s <= clock():
            due_s = clock() + interval_s
    if due_s - clock() <= interval_s / 2:
        add_rows(records, clock)


def add_rows(records, clock=time.monotonic):
    """Read every source once."""
    for record in records.values():
        record.add_row(clock)


def main(arguments):
    """Watch until stdin closes; print what was seen."""
    orphans.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    interval_ms, timed = float(arguments[0]), sorted(nodes.cpus_from(arguments[1]))
    where = placement.move_away(timed)
    watched = sources.Watched(timed, "/")
    records = {name: Record(name, watched) for name in sources.names()}
    add_rows(records)
    where = where or placement.yield_to_others()
    _print("")
    start_s = time.process_time()
    watch(records, interval_ms / 1e3, _stdin_closed_within)
    answer = {
        "placement": where,
        "cpu_ms": round((time.process_time() - start_s) * 1e3, 3),
        "sources": {name: record.value() for name, record in records.items()},
    }
    _print(json.dumps(answer, allow_nan=False))


def _stdin_closed_within(seconds):
    readable, _, _ = select.select([STDIN], [], [], seconds)
    return bool(readable)


def _print(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _short(value):
    """Return a number of the source with no more digits than mean something."""
    return float("{:.{}g}".format(value, DIGITS)) if isinstance(value, float) else value


if __name__ == "__main__":
    main(sys.argv[1:])
