"""A Docker daemon of our own, in a temporary folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import requests

from ground.keeper import Failed, kept, new_folder
from ground.programs import DOCKER, program, require

# No bridge, no rules: nothing of the machine's network is touched. Builds use the host's.
NETWORK = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false")

UNANSWERED = (docker.errors.DockerException, requests.exceptions.RequestException)


@dataclass(frozen=True)
class Daemon:
    """A daemon that answers. `environment` is what a client needs to reach it, and no other."""

    url: str
    environment: dict[str, str]
    folder: Path

    def client(self) -> docker.DockerClient:
        """The SDK's client of this daemon."""
        return docker.DockerClient(base_url=self.url)


@contextlib.contextmanager
def running(images: Path | None = None) -> Iterator[Daemon]:
    """Run a daemon within the block; `Lacking` where the machine has none, `Failed` if it fails.

    With `images`, a folder, images and what builds left are kept there from one time to the next.
    """
    require(DOCKER)
    folder = new_folder()
    daemon = Daemon(
        url=f"unix://{folder}/docker.sock",
        environment={
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": f"{folder}/client",
            "DOCKER_BUILDKIT": "0",
        },
        folder=folder,
    )
    data = images or folder / "data"
    with _alone_in(images), kept(folder, _command(folder, data)) as keeper:
        keeper.wait_until(lambda: _answers(daemon))
        _empty(daemon)
        try:
            yield daemon
        finally:
            with contextlib.suppress(*UNANSWERED):
                _empty(daemon)


def _command(folder: Path, data: Path) -> list[str]:
    return [
        program("dockerd"),
        *("--data-root", str(data), "--exec-root", str(folder / "exec")),
        *("--pidfile", str(folder / "pid"), "--host", f"unix://{folder}/docker.sock"),
        *("--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{folder.name}"),
        *NETWORK,
    ]


def _answers(daemon: Daemon) -> bool:
    try:
        with contextlib.closing(daemon.client()) as client:
            return bool(client.ping())
    except UNANSWERED:
        return False


def _empty(daemon: Daemon) -> None:
    """Remove containers and volumes: a daemon takes long to stop what runs, and images stay."""
    with contextlib.closing(daemon.client()) as client:
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        for volume in client.volumes.list():
            volume.remove(force=True)


@contextlib.contextmanager
def _alone_in(images: Path | None) -> Iterator[None]:
    if images is None:
        yield
        return
    images.mkdir(parents=True, exist_ok=True)
    lock = os.open(images, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failed(f"{images}: another daemon uses this folder") from None
    try:
        yield
    finally:
        os.close(lock)
