"""`python -m retable VERB --options`: the verbs of the workflow, one module in `steps` each."""

import argparse
import importlib
import signal
import sys
from pathlib import Path

from retable.errors import RetableError
from retable.processes import die_with_parent

STEPS = Path(__file__).parent / "steps"
NOT_VERBS = {"__init__", "options"}


def verbs() -> list[str]:
    return sorted(path.stem for path in STEPS.glob("*.py") if path.stem not in NOT_VERBS)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="retable", description=__doc__)
    parser.add_argument("verb", choices=verbs())
    verb = parser.parse_args(words[:1]).verb
    module = importlib.import_module(f"retable.steps.{verb}")
    options = argparse.ArgumentParser(prog=f"retable {verb}", description=module.__doc__)
    module.arguments(options)
    die_with_parent()
    # Ended like an interrupted step: children are killed and temporary files removed on the way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        module.run(options.parse_args(words[1:]))
    except RetableError as error:
        print(f"retable {verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
