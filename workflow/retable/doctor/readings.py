"""What checks read of a machine: the text of files, the output of commands."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from retable.errors import RetableError

COMMAND_TIMEOUT_S = 3.0
APART_S = 1.0


class Readings(Protocol):
    """A machine, as far as it can be read without changing it. Paths are absolute."""

    def text(self, path: str) -> str | None:
        """What the file says, without white space around it; None if it cannot be read."""

    def texts(self, pattern: str) -> dict[str, str]:
        """The same of all files that a shell's pattern names, by their paths, sorted."""

    def apart(self, *patterns: str) -> tuple[dict[str, str], dict[str, str]]:
        """`texts` of the patterns, and again a second later."""

    def output(self, *command: str) -> str | None:
        """What a command prints; None if there is none such, or it fails.

        A `RetableError` if it does not end in time.
        """


class ThisMachine:
    """The machine on which we run. All its commands together have `budget_s`."""

    def __init__(self, budget_s: float) -> None:
        self._deadline = time.monotonic() + budget_s

    def text(self, path: str) -> str | None:
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
        except OSError:
            return None

    def texts(self, pattern: str) -> dict[str, str]:
        found = {str(path): self.text(str(path)) for path in _matching(pattern)}
        return {path: text for path, text in found.items() if text is not None}

    def apart(self, *patterns: str) -> tuple[dict[str, str], dict[str, str]]:
        first = self._all(patterns)
        time.sleep(APART_S)
        return first, self._all(patterns)

    def _all(self, patterns: Sequence[str]) -> dict[str, str]:
        return {path: text for one in patterns for path, text in self.texts(one).items()}

    def output(self, *command: str) -> str | None:
        left = max(0.1, min(COMMAND_TIMEOUT_S, self._deadline - time.monotonic()))
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=left
            )
        except subprocess.TimeoutExpired:
            raise RetableError(f"`{' '.join(command)}` did not end in {left:.1f} s") from None
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None


def _matching(pattern: str) -> list[Path]:
    return sorted(Path("/").glob(pattern.removeprefix("/")))
