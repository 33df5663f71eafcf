"""Lines that a person can follow: what runs now, how much of it is done, how long it will take.

On a terminal the line is rewritten in place; elsewhere only beginnings, ends and failures are
printed. The log gets every line.
"""

import sys
import time
from pathlib import Path


class Progress:
    """Progress of one step. `title` stands at the front of every line."""

    def __init__(self, title: str, log: Path) -> None:
        self._title = title
        self._log = log
        self._start = time.monotonic()
        self._live = sys.stderr.isatty()

    def begin(self) -> None:
        """Start the clock by which the time left is told."""
        self._start = time.monotonic()

    def step(self, done: int, total: int, what: str) -> None:
        """Say that `done` of `total` rounds are over, and what begins in the next."""
        line = f"round {done + 1} of {total}, {what}{self._time_left(done, total)}"
        self._write(line)
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{self._title}: {line}")
            sys.stderr.flush()

    def say(self, line: str) -> None:
        """Say something that stays on the screen."""
        self._write(line)
        clear = "\r\x1b[2K" if self._live else ""
        sys.stderr.write(f"{clear}{self._title}: {line}\n")
        sys.stderr.flush()

    def end(self, line: str) -> None:
        self.say(line)

    def _time_left(self, done: int, total: int) -> str:
        if not done:
            return ""
        left = (time.monotonic() - self._start) / done * (total - done)
        return f", about {left:.0f} s left"

    def _write(self, line: str) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as stream:
            stream.write(f"{self._title}: {line}\n")
