"""The runtime `adb`: a virtual environment of this machine, which holds the cable of a phone.

The runner's Python stays here; what it times is a program that it starts on the phone.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from retable.config.device import PhoneSettings
from retable.contract import Message, Result
from retable.errors import ConnectionLost
from retable.jobs.phone import Phone, ReachesPhone
from retable.local import LocalPlace, LocalWorkspace
from retable.places import Lock, RunningJob
from retable.runtimes import Nothing, Prepared, venv

KEY, Settings = "phone", PhoneSettings


def check(where: str, settings: PhoneSettings, environments: Sequence[str] = ()) -> None:
    """Whether a phone answers is left to the probe: a page without numbers says why."""
    venv.check(where, Nothing(), environments)


def prepare(name: str, settings: PhoneSettings, log: Path) -> Prepared:
    return venv.prepare(name, Nothing(), log)


def enter(prepared: Prepared, settings: PhoneSettings) -> "PhonePlace":
    """The phone is the one that was probed, where `prepared` is what a probe left: no other one."""
    probed = prepared.facts.get("phone", {}).get("serial")
    phone = Phone(serial=probed or settings.serial)
    return PhonePlace(LocalPlace(Path(prepared.python).absolute()), phone)


class PhonePlace:
    """A phone at this machine's cable. It is the machine that is locked, and the phone with it."""

    def __init__(self, here: LocalPlace, phone: Phone) -> None:
        self._here = here
        self._phone = phone

    @contextlib.contextmanager
    def opened(
        self, lock: Lock, *, log: Path, memory_limit_mib: int | None = None
    ) -> "Iterator[PhoneWorkspace]":
        with self._here.opened(lock, log=log, memory_limit_mib=memory_limit_mib) as workspace:
            yield PhoneWorkspace(workspace, self._phone)


class PhoneWorkspace:
    """Starts jobs beside the phone, and tells them that it is the phone that is meant."""

    def __init__(self, here: LocalWorkspace, phone: Phone) -> None:
        self._here = here
        self._phone = phone

    def start(self, package: str, job: Message, *, log: Path, talks: bool = False) -> RunningJob:
        told = {"phone": self._phone} if isinstance(job, ReachesPhone) else {}
        return self._here.start(
            package, job.model_copy(update=told), log=log, talks=talks, collect=_collect
        )


def _collect(result: Result) -> None:
    if result.facts.get("connection_lost"):
        raise ConnectionLost(str(result.reason))
