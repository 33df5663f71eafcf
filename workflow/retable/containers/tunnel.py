"""A way through ssh to a socket of another machine: one connection, which never asks and notices
when it is dead.
"""

import re
import tempfile
import time
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from retable.errors import RetableError
from retable.processes import Program

SOCKET = "/var/run/docker.sock"  # of the other machine, where the address names no other
CONNECT_S = 20
POLL_S = 0.02
LONGEST_PARENT = 60  # so that the socket's path fits into the 107 bytes that one may have
OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": str(CONNECT_S),
    "ExitOnForwardFailure": "yes",
    # A connection of its own: one that is shared has other settings, and another end.
    "ControlMaster": "no",
    "ControlPath": "none",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
}


class Tunnel:
    """A socket here (`url`) that is the one of `ssh://[user@]host[:port][/path]`, until closed.

    `RetableError` with ssh's own words where it cannot be had. The user's own ssh configuration
    holds; passwords are not asked for.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "ssh" or not parts.hostname:
            raise RetableError(f"{address!r} is no ssh://[user@]host[:port]")
        usual = tempfile.gettempdir()
        parent = usual if len(usual) <= LONGEST_PARENT else "/tmp"
        self._folder = tempfile.TemporaryDirectory(prefix="retable-ssh-", dir=parent)
        socket, log = Path(self._folder.name, "docker.sock"), Path(self._folder.name, "log")
        self.url = f"unix://{socket}"
        self._program = Program(_command(parts, socket), log)
        deadline = time.monotonic() + 2 * CONNECT_S
        while not socket.exists():
            if self._program.has_ended or time.monotonic() > deadline:
                said = self._program.wait(0).last_lines
                self.close()
                raise RetableError(said or "ssh made no connection")
            time.sleep(POLL_S)

    def is_dead_within(self, seconds: float) -> bool:
        """Whether ssh has ended, or does so soon: who uses the socket may notice before."""
        deadline = time.monotonic() + seconds
        while not self._program.has_ended and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self._program.has_ended

    def close(self) -> None:
        self._program.__exit__()
        self._folder.cleanup()


def _command(parts: SplitResult, socket: Path) -> list[str]:
    options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
    port = ["-p", str(parts.port)] if parts.port else []
    # As it is written: `hostname` is in small letters, and ssh's aliases are not.
    where = re.sub(r":\d+$", "", parts.netloc)
    return ["ssh", "-nNT", *options, *port, "-L", f"{socket}:{parts.path or SOCKET}", where]
