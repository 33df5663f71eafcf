"""What a check says: one line each."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One sentence, and what mends it: a command in backquotes, or what else is to be done."""

    level: Level
    sentence: str
    mend: str | None = None


def ok(sentence: str) -> Finding:
    return Finding("ok", sentence)


def warn(sentence: str, mend: str) -> Finding:
    """Something that will disturb, or that some cases miss."""
    return Finding("warn", sentence, mend)


def fail(sentence: str, mend: str) -> Finding:
    """Something without which nothing can be timed."""
    return Finding("fail", sentence, mend)


def line(check: str, finding: Finding) -> str:
    """`warn  memory      sentence  =>  mend`."""
    mend = f"  =>  {finding.mend}" if finding.mend else ""
    return f"{finding.level:<4}  {check:<10}  {finding.sentence}{mend}"
