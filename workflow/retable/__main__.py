"""`python -m retable VERB --options`: the verbs of the workflow, one module in `steps` each; and
`doctor`, for people.
"""

import argparse
import contextlib
import importlib
import signal
import sys
from pathlib import Path

from retable.errors import RetableError
from retable.locks import machine_shared
from retable.processes import die_with_parent

STEPS = Path(__file__).parent / "steps"
NOT_VERBS = {"__init__", "options"}
# Commands for people, which no rule runs: their `run` returns the exit status.
COMMANDS = {"doctor": "retable.doctor.command"}
# What works hard in this process. A job locks the machine that it runs on (see `places`); other
# steps wait for the network, or write one small file.
BUSY = {"environment", "compare", "report", "index"}


def verbs() -> list[str]:
    return sorted(path.stem for path in STEPS.glob("*.py") if path.stem not in NOT_VERBS)


def main(words: list[str]) -> int:
    # First of all: what is still to be imported takes longer than many a step. An end by a signal
    # is an ordinary exit, so that children are killed and temporary files removed on the way.
    die_with_parent()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    parser = argparse.ArgumentParser(prog="retable", description=__doc__)
    parser.add_argument("verb", choices=[*verbs(), *COMMANDS])
    verb = parser.parse_args(words[:1]).verb
    module = importlib.import_module(COMMANDS.get(verb, f"retable.steps.{verb}"))
    options = argparse.ArgumentParser(prog=f"retable {verb}", description=module.__doc__)
    module.arguments(options)
    given = options.parse_args(words[1:])
    try:
        with machine_shared() if verb in BUSY else contextlib.nullcontext():
            status = module.run(given)  # of a command; a step has none
    except (RetableError, OSError) as error:
        print(f"retable {verb}: {error}", file=sys.stderr)
        return 1
    return status or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
