"""A Docker daemon: this machine's, or another's over ssh; what it complains of, in a sentence."""

import os
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

import docker
from docker.errors import DockerException

from retable.config.device import ContainerSettings
from retable.errors import ConnectionLost, RetableError

ANSWER_TIMEOUT_S = 60
API_TIMEOUT_S = 120
SSH = Path(__file__).parent / "ssh"  # a folder for the PATH
LOCAL = "this machine's daemon"

# What Docker and ssh say, and what mends it.
MENDS = (
    ("permission denied while trying to connect", "add your user to the group docker"),
    ("Cannot connect to the Docker daemon", "start it: sudo systemctl start docker"),
    ("no such host", "correct the host's name"),
    ("Could not resolve hostname", "correct the host's name, or name it in ~/.ssh/config"),
    ("Host key verification failed", "connect once by hand, and accept the host's key"),
    ("Permission denied (", "make ssh work without a password: ssh-copy-id"),
    ("Connection refused", "start sshd there, or correct the port"),
    ("Connection timed out", "switch the device on, or correct its address"),
    ("docker: command not found", "install Docker there"),
    ("docker: not found", "install Docker there"),
    ("no space left on device", "make room on the daemon's disk: docker system prune"),
)
LOST = ("error during connect", "closed by remote", "Broken pipe", "connection reset", "EOF")


class Daemon:
    """A daemon by its address, as in DOCKER_HOST; None for what DOCKER_HOST says, or the local."""

    def __init__(self, host: str | None) -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or None
        self.title = self.host or LOCAL

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which Docker's command speaks to this daemon."""
        path = os.pathsep.join([str(SSH), os.environ["PATH"]])
        return {"PATH": path, **({"DOCKER_HOST": self.host} if self.host else {})}

    @cached_property
    def client(self) -> docker.DockerClient:
        """The SDK's client; a `RetableError` where the daemon does not answer."""
        try:
            return self.new_client(API_TIMEOUT_S)
        except (DockerException, OSError) as error:
            raise self.failure(str(error)) from None

    def new_client(self, timeout_s: int) -> docker.DockerClient:
        """A client that waits so long for each answer; ssh is the one that users have set up."""
        if not self.is_remote:
            return docker.DockerClient(base_url=self.host, timeout=timeout_s)
        os.environ["PATH"] = self.environment["PATH"]  # for the SDK's own children
        return docker.DockerClient(base_url=self.host, timeout=timeout_s, use_ssh_client=True)

    @property
    def is_remote(self) -> bool:
        return bool(self.host and self.host.startswith("ssh://"))

    def check(self, where: str) -> None:
        """Say in one sentence why the daemon cannot be used; `where` is the file that asks."""
        if shutil.which("docker") is None:
            raise RetableError(
                f"{where}: the command docker was not found; install Docker "
                "(on Debian and Ubuntu: sudo apt-get install docker.io)"
            )
        try:
            self.command("version", "--format", "{{.Server.Version}}")
        except RetableError as error:
            raise RetableError(f"{where}: {error}") from None

    def check_gpu(self, where: str, settings: ContainerSettings) -> None:
        """Say in one sentence why the daemon has no GPU to give, where one is asked for."""
        if not (settings.gpus or settings.runtime):
            return
        wanted = settings.runtime or "nvidia"
        if wanted not in self.command("info", "--format", "{{json .Runtimes}}"):
            raise RetableError(
                f"{where}: Docker ({self.title}) has no runtime {wanted!r}: install NVIDIA's "
                "container toolkit there (sudo nvidia-ctk runtime configure, then restart Docker)"
            )

    def command(self, *words: str) -> str:
        """Run Docker's command to its end and return what it printed."""
        try:
            done = subprocess.run(
                ["docker", *words],
                check=False,
                capture_output=True,
                text=True,
                timeout=ANSWER_TIMEOUT_S,
                env={**os.environ, **self.environment},
            )
        except subprocess.TimeoutExpired:
            raise ConnectionLost(
                f"Docker ({self.title}) did not answer within {ANSWER_TIMEOUT_S} s"
            ) from None
        if done.returncode != 0:
            raise self.failure(done.stderr)
        return done.stdout

    def failure(self, said: str) -> RetableError:
        """What the daemon or the way to it said, as an error with its mend."""
        lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
        words = " ".join(lines[-2:]) or "nothing"
        mend = next((f"; {mend}" for part, mend in MENDS if part in said), "")
        kind = ConnectionLost if any(part in said for part in LOST) else RetableError
        return kind(f"Docker ({self.title}): {words}{mend}")
