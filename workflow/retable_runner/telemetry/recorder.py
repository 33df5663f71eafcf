"""Starts the watcher, stops it, and has a reason where it did not answer."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys

from retable_runner.telemetry import nodes, watcher

WATCHER = watcher.__name__
READY_S = 10.0  # the watcher takes a tenth of a second, and some sensors that long each at first
ANSWER_S = 5.0
KILLED_S = 1.0
SWITCHED_OFF = "switched off"


class Recording(object):
    """What `recording` gives: `result()` is the JSON value, once the block has ended.

    {interval_ms, placement, cpu_ms, sources, reason}: `reason` is why there is nothing, or None;
    `placement` says which CPUs the watcher had, `cpu_ms` how much of their time from when it was
    ready; `sources` has for each name {columns, rows, facts, reason}, a row being [t_s, a value a
    column...], `reason` why the source is absent, or why it ended.
    """

    def __init__(self, interval_ms):
        self._result = {
            "interval_ms": interval_ms,
            "placement": None,
            "cpu_ms": None,
            "sources": {},
            "reason": "the recording has not ended",
        }

    def result(self):
        """Return what was recorded."""
        return self._result

    def settle(self, answer, reason):
        """Take what the watcher answered, or the reason why it did not."""
        self._result.update(answer, reason=reason)


@contextlib.contextmanager
def recording(interval_ms, cpus):
    """Run the watcher while the block lasts, from when it is ready; yield a Recording.

    A watcher that does not start, dies or hangs is a reason in the result, never an error.
    """
    record = Recording(interval_ms or None)
    process, reason = _started(interval_ms, cpus) if interval_ms else (None, SWITCHED_OFF)
    if process is None:
        record.settle({}, reason)
        yield record
        return
    try:
        select.select([process.stdout], [], [], READY_S)
        yield record
    finally:
        record.settle(*_answer(process))


def _started(interval_ms, cpus):
    """Start the watcher; return (the process, None) or (None, why it did not start)."""
    command = [sys.executable, "-S", "-m", WATCHER, str(interval_ms), nodes.cpu_list(cpus)]
    # Without `site`: the path is this process's, and ready.
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe), None
    except OSError as error:
        return None, "the watcher did not start: {}".format(error.strerror)


def _answer(process):
    """Close the watcher's stdin; return (what it answered, None) or ({}, why it did not)."""
    try:
        output, _ = process.communicate(timeout=ANSWER_S)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a driver may hold it even so
            process.communicate(timeout=KILLED_S)
        return {}, "the watcher did not answer within {:g} s".format(ANSWER_S)
    if process.returncode < 0:
        return {}, "the watcher was killed by {}".format(signal.Signals(-process.returncode).name)
    try:
        return json.loads(output.decode()), None
    except ValueError:
        return {}, "the watcher ended with exit status {}".format(process.returncode)
