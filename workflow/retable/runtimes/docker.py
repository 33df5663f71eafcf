"""The runtime `docker`: an image of the environment's folder, on this machine or one behind ssh."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from retable.config.device import ContainerSettings
from retable.config.image import image_of
from retable.containers.container import Container
from retable.containers.daemon import Daemon
from retable.containers.images import built, content_of, identity_of
from retable.contract import Message, Result, artifacts_in
from retable.errors import RetableError
from retable.files import verified
from retable.places import Lock, RunningJob
from retable.processes import Program
from retable.runtimes import Prepared

KEY, Settings = "container", ContainerSettings


def check(where: str, settings: ContainerSettings, environments: Sequence[str] = ()) -> None:
    check_bases(settings, environments)
    check_daemon(where, settings)


def check_bases(settings: ContainerSettings, environments: Sequence[str]) -> None:
    """Say in one sentence which environment's base is not known well enough to be pulled."""
    for folder in (Path("containers", name) for name in environments):
        if folder.is_dir():  # else its cases say that it is not there
            image_of(folder, settings)


def check_daemon(where: str, settings: ContainerSettings) -> None:
    """Say in one sentence why Docker cannot be used."""
    try:
        with Daemon(settings.host) as daemon:
            daemon.check(settings)
    except RetableError as error:
        raise RetableError(f"{where}: {error}") from None


def prepare(name: str, settings: ContainerSettings, log: Path) -> Prepared:
    """Build the image of containers/`name`, unless the daemon has it already."""
    folder = Path("containers", name)
    image = image_of(folder, settings)
    with Daemon(settings.host) as daemon:
        tag = built(daemon, folder, image, settings, log)
        facts = {"image": tag, "image_id": identity_of(daemon, tag), "base": image.reference}
    return Prepared(settings.python, content_of(folder, image), facts)


def enter(prepared: Prepared, settings: ContainerSettings) -> "ContainerPlace":
    return ContainerPlace(prepared, settings)


class ContainerPlace:
    """An image on a daemon; a container of it is opened for a session or a job."""

    def __init__(self, prepared: Prepared, settings: ContainerSettings) -> None:
        self._prepared = prepared
        self._settings = settings

    @contextlib.contextmanager
    def opened(
        self, lock: Lock, *, log: Path, memory_limit_mib: int | None = None
    ) -> "Iterator[ContainerWorkspace]":
        with (
            Daemon(self._settings.host) as daemon,
            Container(
                daemon,
                self._prepared.facts["image"],
                self._settings,
                lock=lock,
                log=log,
                memory_limit_mib=memory_limit_mib,
            ) as container,
        ):
            yield ContainerWorkspace(container, self._prepared.python)


class ContainerWorkspace:
    """Starts jobs in a container, and carries the files that they name in and out."""

    def __init__(self, container: Container, python: str) -> None:
        self._container = container
        self._python = python

    def start(self, package: str, job: Message, *, log: Path, talks: bool = False) -> RunningJob:
        self._container.put(artifact.path for artifact in artifacts_in(job))

        def started(job_path: Path, result_path: Path) -> Program:
            return self._container.start(
                self._python, package, job_path, result_path, log=log, talks=talks
            )

        return RunningJob(job, started, self._collect)

    def _collect(self, result: Result) -> None:
        for artifact in result.artifacts.values():
            path = PurePosixPath(artifact.path)
            if path.is_absolute() or ".." in path.parts:
                raise RetableError(f"a job in a container made {path}, outside its working folder")
            self._container.take(artifact.path)
            verified(artifact)
