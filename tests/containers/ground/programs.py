"""What the ground needs of the machine."""

import os
import shutil
import sys

# program -> the Debian package that has it
DOCKER = {"dockerd": "docker.io", "docker": "docker.io"}
SSH = {"sshd": "openssh-server", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}


class Lacking(Exception):
    """What the machine lacks, in one sentence."""


def program(name: str) -> str:
    """The path of a program, also where only root's PATH leads to it; `Lacking` without it."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise Lacking(f"{name} was not found")
    return found


def require(programs: dict[str, str]) -> None:
    """Raise `Lacking` unless a daemon of our own can be run here with these programs."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Lacking("a Docker daemon of our own needs root on Linux")
    for name, package in programs.items():
        try:
            program(name)
        except Lacking as lacking:
            raise Lacking(f"{lacking}: apt-get install --no-install-recommends {package}") from None
