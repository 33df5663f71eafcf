"""A phone at a cable, through Android's `adb`: files to it and from it, and programs on it.

What adb says and does was read from its own sources (client/commandline.cpp, file_sync_client.cpp,
transport.cpp of platform/system/core at 29) and from the client itself. A program's exit status is
asked of the phone's shell, since phones before Android 7 do not tell it, and an end without it is
a cable that was pulled: adb says nothing then, and ends well. What runs there goes on when the
cable is pulled or we are killed: so the phone itself ends it in time, and the next launch ends what
is left of it: with what mksh, the shell of Android, has built in, and `sleep`, `rm` and `mkdir`.
"""

import math
import os
import posixpath
import re
import shlex
import shutil
import time
import uuid

from retable_runner import children
from retable_runner.errors import ConnectionLost, Unavailable

FOLDER = "/data/local/tmp/retable"  # the one place where any phone lets adb's user start programs
STATUS = re.compile(r"retable-status:(\d+)\s*$")
VERSION = re.compile(r"version ([\d.]+)\s+Version ([\w.-]+)")
COMES_BACK_S = 5.0
PROBED = "it answered its probe; -R probe takes what is there now"
NO_ROOM = "No space left on device"
LISTED = re.compile(r"^(\S+)\s+(no permissions|\w+)", re.MULTILINE)
# What runs in a folder has it as its working folder, whatever it is called.
CLEAR = (
    "for folder in {folders}; do for each in /proc/[0-9]*; do "
    '[ "$each/cwd" -ef "$folder" ] && kill -9 "${{each#/proc/}}"; done; rm -rf "$folder"; done'
)
# The shell that sleeps looks again before it kills: the number may be another's by then. It has the
# output open, for whose end adb waits; its `sleep` has not, and ends with the folder.
LIMITED = (
    "{{ {command} & begun=$!; "
    "( sleep {limit_s}; [ /proc/$begun/cwd -ef . ] && kill -9 $begun ) "
    "< /dev/null > /dev/null 2>&1 & watching=$!; "
    "wait $begun; ended=$?; kill -9 $watching; ( exit $ended ); }}"
)
REASONS = {
    "unauthorized": "has not allowed this computer: unlock it and confirm the question it shows",
    "authorizing": "is about to ask whether it allows this computer: confirm it and try again",
    "offline": "is offline: plug it in again, and see that USB debugging is on",
    "no": "may not be used by this user: Linux needs a udev rule for it (package android-sdk-"
    "platform-tools-common)",
}


class Absent(Unavailable):
    """The phone is not there, or does not answer: the reason, in one sentence."""


def adb():
    """Return the path of the client; Unavailable where there is none."""
    found = shutil.which("adb")
    if found is None:
        raise Unavailable("no adb on the PATH: install Android's platform tools (Debian: adb)")
    return found


def version():
    """Return adb's own version and its build's, such as `1.0.41 (29.0.6-debian)`."""
    _, printed = children.run([adb(), "version"], is_logged=False)
    found = VERSION.search(printed)
    if found is None:
        raise Unavailable("adb does not tell its version: " + last_line(printed))
    return "{} ({})".format(*found.groups())


def chosen(listing, serial):
    """Return the serial of the phone to use, from what `adb devices` prints.

    That is the phone `serial`, or without one the only phone that is there. Absent where it is
    missing or offline; Unavailable, with what to do, where it may not be used or there are several.
    """
    known = dict(LISTED.findall(listing.partition("List of devices attached")[2]))
    if serial is None and len(known) > 1:
        raise Unavailable(
            "adb sees {} phones, {}: say which with --config phone=SERIAL".format(
                len(known), ", ".join(sorted(known))
            )
        )
    wanted = serial if serial is not None or not known else next(iter(known))
    if wanted is None:
        raise Absent("adb sees no phone: plug one in, with USB debugging switched on")
    if wanted not in known:
        seen = "sees " + ", ".join(sorted(known)) if known else "sees none"
        raise Absent("the phone {} is not there: adb {}".format(wanted, seen))
    state = known[wanted].split()[0]
    if state == "offline":
        raise Absent("the phone {} {}".format(wanted, REASONS[state]))
    if state != "device":
        reason = REASONS.get(state, "is in the state {!r}, and runs nothing".format(known[wanted]))
        raise Unavailable("the phone {} {}".format(wanted, reason))
    return wanted


def last_line(printed):
    """Return the last line that says something."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


class Phone(object):
    """A phone that answers, for a `with` block: with a folder of its own, which goes at the end.

    Whatever of it fails once the phone does not answer any more is ConnectionLost. `in_session`, a
    phone that is missing is that too, because it answered its probe; and what an earlier launch
    left there is ended and removed, because a session has the phone alone.
    """

    def __init__(self, serial=None, in_session=False):
        self._adb = adb()
        self._wanted = serial
        self._in_session = in_session
        self.folder = posixpath.join(FOLDER, uuid.uuid4().hex)

    def __enter__(self):
        try:
            self.serial = chosen(self._listing(), self._wanted)
        except Absent as error:
            if self._in_session:
                raise ConnectionLost("{} ({})".format(error, PROBED)) from None
            raise
        if self._in_session:
            self._shell(CLEAR.format(folders=FOLDER + "/*"))
        status, printed = self._shell(_quoted(["mkdir", "-p", self.folder]))
        if status:
            raise self._failure("makes no folder {}".format(self.folder), printed)
        return self

    def __exit__(self, *_):
        # What cannot be reached stays: the next session clears it up.
        self._call("shell", CLEAR.format(folders=self.folder))

    def _listing(self):
        """What adb says of its phones; one that has just come back is offline for a moment."""
        deadline = time.monotonic() + COMES_BACK_S
        while True:
            _, listing = children.run([self._adb, "devices"])
            if "\toffline" not in listing or time.monotonic() > deadline:
                return listing
            time.sleep(0.1)

    def push(self, path, name):
        """Copy the file at `path` into the phone's folder as `name`; return where it lies there."""
        remote = posixpath.join(self.folder, name)
        status, printed = self._call("push", path, remote)
        if status:
            what = "takes no {} ({:.1f} MiB)".format(name, os.path.getsize(path) / 2.0**20)
            raise self._failure(what, printed)
        return remote

    def pull(self, name, path):
        """Copy the file `name` of the phone's folder to `path`."""
        status, printed = self._call("pull", posixpath.join(self.folder, name), path)
        if status:
            raise self._failure("gives no {}".format(name), printed)

    def run(self, command, limit_s=None):
        """Run `command` (a list) in the phone's folder.

        Returns (exit status, all that it printed); the status of what a signal ended is the
        signal's number, negative. After `limit_s` seconds the phone ends it, even if nobody waits
        for it any more; RuntimeError for who does.
        """
        words = _quoted(command)
        if limit_s is not None:
            words = LIMITED.format(command=words, limit_s=math.ceil(limit_s))
        start = time.monotonic()
        status, printed = self._shell("cd {} && {}".format(shlex.quote(self.folder), words))
        if status == -9 and limit_s is not None and time.monotonic() - start >= limit_s:
            name = posixpath.basename(command[0])
            raise RuntimeError("{} did not end within {:g} s".format(name, limit_s))
        return status, printed

    def text(self, command):
        """Return what a command prints, without the blanks around it; None where it fails."""
        status, printed = self.run(command)
        return None if status else printed.strip() or None

    def _shell(self, words):
        _, printed = self._call("shell", "{{ {}; }} 2>&1; echo retable-status:$?".format(words))
        printed = printed.replace("\r\n", "\n")
        found = STATUS.search(printed)
        if found is None:
            raise self._lost(printed)
        status = int(found.group(1))
        return (128 - status if status > 128 else status), printed[: found.start()]

    def _call(self, *words):
        return children.run([self._adb, "-s", self.serial] + list(words))

    def _failure(self, what, printed):
        """Return the error that a command's failure is."""
        if NO_ROOM in printed:
            return Unavailable("the phone {} {}: no room is left on it".format(self.serial, what))
        try:
            chosen(children.run([self._adb, "devices"])[1], self.serial)
        except Unavailable:
            return self._lost(printed)
        return RuntimeError("the phone {} {}: {}".format(self.serial, what, last_line(printed)))

    def _lost(self, printed):
        return ConnectionLost(
            "the phone {} was lost in mid-run: {}".format(self.serial, last_line(printed))
        )


def _quoted(command):
    return " ".join(shlex.quote(word) for word in command)
