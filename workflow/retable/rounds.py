"""Conducting a round: launches that are loaded at the same time, and measure by turns.

A machine's speed changes by the second: its clocks, its neighbours. Launches that follow each
other measure different machines; launches that take turns of milliseconds measure the same one.
"""

import datetime
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import zip_longest
from random import Random
from typing import Any

from retable.places import RunningJob
from retable.sessions import Entry, Launch

GRACE_S = 2.0  # for a launch that said nothing more, to be found dead and not silent

Start = Callable[[Entry], RunningJob]
Told = Callable[[str], None]


def conduct(
    entries: list[Entry],
    start: Start,
    *,
    resident: int | None,
    reply_timeout_s: float,
    chance: Random,
    told: Told,
) -> list[Launch]:
    """Launch the entries of a round, `resident` at a time, and give turns by chance."""
    launches = []
    for group in _groups(entries, resident or len(entries) or 1):
        told(f"loading {len(group)} launches")
        with ExitStack() as stack:
            underway = [_Underway(entry, start, reply_timeout_s, stack) for entry in group]
            _load(underway, at_once=os.cpu_count() or 1)
            for one in underway:
                told(f"warming up {one.title}")
                one.warm_up()
            told(f"{len(group)} launches measure by turns")
            _take_turns(underway, chance)
            for one in underway:
                one.finish()
            for one in underway:
                one.end()
            launches += [one.left() for one in underway]
    return launches


def _groups(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    for first in range(0, len(entries), size):
        yield entries[first : first + size]


def _load(underway: "list[_Underway]", at_once: int) -> None:
    """Start all, so many at a time: loading is not timed, and waits for files and drivers."""
    for one in underway[:at_once]:
        one.start()
    for one, another in zip_longest(underway, underway[at_once:]):
        one.wait_until_loaded()
        if another is not None:
            another.start()


def _take_turns(underway: "list[_Underway]", chance: Random) -> None:
    """Give each a turn, in an order of chance, as long as it wants another."""
    waiting = [one for one in underway if one.answers]
    while waiting:
        chance.shuffle(waiting)
        waiting = [one for one in waiting if one.wants_more_after_a_turn()]


class _Underway:
    """A launch between its start and its result; its process ends with the stack."""

    def __init__(
        self, entry: Entry, start: Start, reply_timeout_s: float, stack: ExitStack
    ) -> None:
        self.title = f"{entry.case}{', the twin' if entry.twin else ''}"
        self.answers = True  # False when it has not answered, or has nothing more to say
        self._entry = entry
        self._start = start
        self._timeout_s = reply_timeout_s
        self._stack = stack

    def start(self) -> None:
        self._started, self._clock = now(), time.monotonic()
        self._running = self._stack.enter_context(self._start(self._entry))

    def wait_until_loaded(self) -> None:
        self._ask(None)

    def warm_up(self) -> None:
        self._ask("warm")

    def wants_more_after_a_turn(self) -> bool:
        reply = self._ask("turn")
        return reply is not None and not reply["enough"]

    def _ask(self, command: str | None) -> dict[str, Any] | None:
        reply = self._running.ask(command, self._timeout_s) if self.answers else None
        if self.answers and reply is None:  # end it now: the others are to measure without it
            is_ending = self._running.has_closed
            self._left = self._running.result(self._timeout_s if is_ending else GRACE_S)
        self.answers = reply is not None
        return reply

    def finish(self) -> None:
        """Let it time what has a pass of its own; it stays as it is until it is told to end."""
        self._ask("finish")

    def end(self) -> None:
        """Let it leave its result and end: nothing is timed any more."""
        if self.answers:
            self._running.tell("end")

    def left(self) -> Launch:
        """What it left, once it has ended or does not answer."""
        result = self._running.result(self._timeout_s) if self.answers else self._left
        return Launch(
            entry=self._entry,
            started=self._started,
            load_average=result.facts.get("load_average"),
            result=result,
            seconds=round(time.monotonic() - self._clock, 3),
        )


def now() -> str:
    """The time, UTC, as ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
