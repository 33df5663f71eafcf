"""A Docker daemon: this machine's, or another's over ssh; what it complains of, in a sentence."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cached_property

import docker
from docker.errors import DockerException

from retable.config.device import ContainerSettings
from retable.containers.tunnel import Tunnel
from retable.errors import ConnectionLost, RetableError

ANSWER_TIMEOUT_S = 60
NOTICED_S = 1.0  # in which ssh has noticed what its user has
LOCAL = "unix:///var/run/docker.sock"

# What Docker and ssh say, and what mends it.
MENDS = (
    ("permission denied while trying to connect", "add your user to the group docker"),
    ("Cannot connect to the Docker daemon", "start it: sudo systemctl start docker"),
    ("Error while fetching server API version", "start it: sudo systemctl start docker"),
    ("Could not resolve hostname", "correct the host's name, or name it in ~/.ssh/config"),
    ("Host key verification failed", "connect once by hand, and accept the host's key"),
    ("Permission denied (", "make ssh work without a password: ssh-copy-id"),
    ("Connection refused", "start sshd there, or correct the port"),
    ("Connection timed out", "switch the device on, or correct its address"),
    ("could not select device driver", "install NVIDIA's container toolkit there"),
    ("nknown runtime specified", "install NVIDIA's container runtime there"),
    ("nknown or invalid runtime name", "install NVIDIA's container runtime there"),
    ("No such image", "make it again: snakemake -R environment"),
    ("no space left on device", "make room on the daemon's disk: docker system prune"),
)
NO_DAEMON = "start Docker there, and add the user to its group docker"


class Daemon:
    """A daemon by its address, for a `with` block.

    The address is as in DOCKER_HOST, `unix://path` or `ssh://[user@]host[:port]`; None is this
    machine's usual one. `ConnectionLost` where ssh makes no connection.
    """

    def __init__(self, host: str | None) -> None:
        self.host = host or LOCAL
        self._tunnel: Tunnel | None = None

    def __enter__(self) -> "Daemon":
        if self.host.startswith("ssh:"):
            try:
                self._tunnel = Tunnel(self.host)
            except RetableError as error:
                raise ConnectionLost(self._sentence(str(error))) from None
        return self

    def __exit__(self, *_: object) -> None:
        if "client" in self.__dict__:
            self.client.close()
        if self._tunnel is not None:
            self._tunnel.close()

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which Docker's command speaks to this daemon."""
        return {"DOCKER_HOST": self._url}

    @cached_property
    def client(self) -> docker.DockerClient:
        """The SDK's client; a `RetableError` where the daemon does not answer."""
        with self.speaking():
            return self.new_client(ANSWER_TIMEOUT_S)

    @contextlib.contextmanager
    def speaking(self) -> Iterator[None]:
        """What the SDK complains of in the block, as an error of the daemon's."""
        try:
            yield
        except (DockerException, OSError) as error:
            raise self.failure(str(error)) from None

    def new_client(self, timeout_s: int) -> docker.DockerClient:
        """A client that waits so long for each answer."""
        return docker.DockerClient(base_url=self._url, timeout=timeout_s)

    def check(self, settings: ContainerSettings) -> None:
        """Say in one sentence why the daemon, or a GPU that is asked of it, cannot be used."""
        if shutil.which("docker") is None:
            raise RetableError(
                "the command docker was not found: install Docker "
                "(on Debian and Ubuntu: sudo apt-get install docker.io)"
            )
        self.command("version")
        wanted = settings.runtime or ("nvidia" if settings.gpus else None)
        # A GPU may also be given as a device of CDI's, which the daemon lists elsewhere.
        if wanted and f'"{wanted}' not in self.command("info", "--format", "{{json .}}"):
            raise RetableError(
                f"Docker at {self.host} has no runtime {wanted!r}: install NVIDIA's container "
                "toolkit there (then sudo nvidia-ctk runtime configure, and restart Docker)"
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
                f"Docker at {self.host} did not answer within {ANSWER_TIMEOUT_S} s"
            ) from None
        if done.returncode != 0:
            raise self.failure(done.stderr)
        return done.stdout

    def failure(self, said: str) -> RetableError:
        """What the daemon or ssh said, as an error with its mend; `ConnectionLost` if it is."""
        if self._tunnel is not None and self._tunnel.is_dead_within(NOTICED_S):
            return ConnectionLost(f"the connection to Docker at {self.host} was lost")
        return RetableError(self._sentence(said))

    def _sentence(self, said: str) -> str:
        lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
        mend = next((f"; {mend}" for part, mend in MENDS if part in said), "")
        if not mend and self._tunnel is not None and "onnection reset" in said:
            mend = f"; {NO_DAEMON}"  # ssh answered, and found no socket there, or a closed one
        return f"Docker at {self.host}: {' '.join(lines[-2:]) or 'no answer'}{mend}"

    @property
    def _url(self) -> str:
        return self._tunnel.url if self._tunnel is not None else self.host
