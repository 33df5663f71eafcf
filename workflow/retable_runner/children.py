"""Other programs that the runner starts: none outlives it."""

import subprocess
import sys

from retable_runner.errors import Unavailable
from retable_runner.orphans import die_with_parent


def run(command, is_logged=True):
    """Run `command` (a list) to its end; return (exit status, all that it printed).

    What it prints goes to our stderr as it comes, unless it is not to be logged. The status of one
    that a signal ended is the signal's number, negative. Unavailable if it cannot be started.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
    except OSError as error:
        raise Unavailable("{}: cannot be started ({})".format(command[0], error.strerror)) from None
    printed = []
    try:
        for line in process.stdout:
            printed.append(line.decode("utf-8", "replace"))
            if is_logged:
                sys.stderr.write(printed[-1])
        status = process.wait()
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()
    return status, "".join(printed)
