"""Other runs of retable on this machine: who holds its lock, and who would want it."""

import re
from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok, warn
from retable.doctor.readings import Readings
from retable.locks import machine_lock_path

OF_THE_LOCK = True
LOCKS = "/proc/locks"
COMMANDS = "/proc/[0-9]*/cmdline"
MODULE = ("-m", "retable")
OURSELVES = "doctor"


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    lock = str(machine_lock_path())
    number = readings.output("stat", "-c", "%i", lock)  # none: nobody has locked it yet
    holders = holding(readings.text(LOCKS) or "", number) if number else {}
    commands = {path.split("/")[2]: text for path, text in readings.texts(COMMANDS).items()}
    for process, exclusively in holders.items():
        what = "alone, and times" if exclusively else "with others"
        yield warn(
            f"process {process} ({_told(commands.get(process))}) holds {lock} {what}",
            _mend(process),
        )
    others = {
        process: text
        for process, text in commands.items()
        if process not in holders and _is_a_run(text.split("\0"))
    }
    for process, text in others.items():
        yield warn(
            f"retable runs already: process {process} ({_told(text)})",
            _mend(process),
        )
    if not holders and not others:
        yield ok("no other run of retable, and nobody holds the machine's lock")


def _mend(process: str) -> str:
    if process == "0":  # so the kernel calls one that cannot be seen from inside a container
        return "wait for it: it runs outside this container"
    return f"wait for it, or end it: `kill -INT {process}`"


def holding(locks: str, number: str) -> dict[str, bool]:
    """Who holds the file of that inode number, by process: True where nobody else may.

    The kernel's text has one lock a line, as proc_locks(5); those who wait have an arrow.
    """
    held = rf"^\d+: FLOCK +\S+ +(READ|WRITE) +(\d+) +[\da-f]+:[\da-f]+:{re.escape(number)} "
    return {pid: kind == "WRITE" for kind, pid in re.findall(held, locks, re.MULTILINE)}


def _is_a_run(words: list[str]) -> bool:
    """Snakemake, or one of our steps; a step that is another's child is told all the same."""
    if any(word.rsplit("/", 1)[-1] == "snakemake" for word in words[:2]):
        return True
    pairs = zip(words, words[1:], strict=False)
    place = next((index for index, pair in enumerate(pairs) if pair == MODULE), None)
    return place is not None and words[place + 2 : place + 3] != [OURSELVES]


def _told(command: str | None) -> str:
    """A command's first words, without the interpreter's path."""
    words = [word.rsplit("/", 1)[-1] for word in (command or "unknown").split("\0")]
    return " ".join(words[:6])
