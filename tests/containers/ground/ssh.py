"""An sshd of our own on loopback, through which a daemon is reached as on a remote device.

The user's own ssh configuration, keys and known hosts are neither read nor written: `ssh` on PATH
is a wrapper that names a configuration in the temporary folder.
"""

import contextlib
import getpass
import os
import shlex
import signal
import socket as sockets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ground.daemon import Daemon
from ground.keeper import kept, new_folder
from ground.programs import DOCKER, SSH, program, require

ALIAS = "retable-ground"
SERVER = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/user_key.pub
# The folder stands below /tmp, where everybody may write.
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintLastLog no
PrintMotd no
SetEnv PATH={path}
"""
CLIENT = """\
Host {alias}
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  BatchMode yes
"""
WRAPPER = """\
#!/bin/sh
exec {ssh} -F {folder}/ssh_config "$@"
"""
# In the /run of this sshd and its sessions: a folder that sshd asks for, the daemon's socket.
START = """
mkdir -p /run/sshd &&
ln -sfn "$1/docker.sock" /run/docker.sock &&
exec "$0" -D -e -f "$1/sshd_config"
"""


@dataclass(frozen=True)
class SshDaemon:
    """A daemon behind sshd. With `environment`, `url` and a plain `ssh` of `host` lead to it.

    Over there, its socket is where everybody looks for it.
    """

    url: str
    host: str
    environment: dict[str, str]
    folder: Path

    def cut(self) -> None:
        """Break all connections, as a cable that is pulled and put back."""
        for session in self._sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(session, signal.SIGKILL)

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Answer nothing in the block: connections stay, new ones are taken and led nowhere."""
        stopped = [self._listener(), *self._sessions()]
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def _listener(self) -> int:
        return int((self.folder / "sshd.pid").read_text())

    def _sessions(self) -> list[int]:
        listener = self._listener()
        return [
            int(pid)
            for pid in Path(f"/proc/{listener}/task/{listener}/children").read_text().split()
        ]


@contextlib.contextmanager
def serving(daemon: Daemon) -> Iterator[SshDaemon]:
    """Run an sshd within the block; `Lacking` where the machine has none, `Failed` if it fails."""
    require(DOCKER | SSH)
    folder = new_folder()
    port = _free_port()
    (folder / "docker.sock").symlink_to(daemon.url.removeprefix("unix://"))
    _write_keys(folder, port)
    _write_configuration(folder, port)
    path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", os.defpath)])
    url = f"ssh://{ALIAS}"
    environment = {**daemon.environment, "DOCKER_HOST": url, "PATH": path}
    with kept(folder, ["sh", "-c", START, program("sshd"), str(folder)]) as keeper:
        keeper.wait_until(lambda: _answers(port))
        yield SshDaemon(url, ALIAS, environment, folder)


def _write_keys(folder: Path, port: int) -> None:
    for name in ("host_key", "user_key"):
        subprocess.run(
            [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
            check=True,
        )
    public = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")


def _write_configuration(folder: Path, port: int) -> None:
    where = {"folder": folder, "port": port, "alias": ALIAS, "user": getpass.getuser()}
    path = f"{Path(program('docker')).parent}:/usr/bin:/bin"
    (folder / "sshd_config").write_text(SERVER.format(path=path, **where))
    (folder / "ssh_config").write_text(CLIENT.format(**where))
    wrapper = folder / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(WRAPPER.format(ssh=shlex.quote(program("ssh")), **where))
    wrapper.chmod(0o755)


def _free_port() -> int:
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with sockets.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
