"""Images: one a folder of containers/, built where it is to run, found again by content."""

from pathlib import Path
from typing import Any

from docker.errors import (
    APIError,
    BuildError,
    ContainerError,
    DockerException,
    ImageNotFound,
)
from docker.types import DeviceRequest

from retable.config.device import ContainerSettings
from retable.config.image import Image
from retable.containers.daemon import Daemon
from retable.errors import RetableError
from retable.files import digest_of

BUILD_TIMEOUT_S = 3600  # of silence: a package may compile on a slow board
REPOSITORY = "retable"


def built(
    daemon: Daemon, folder: Path, image: Image, settings: ContainerSettings, log: Path
) -> str:
    """The tag of the folder's image, built unless the daemon has it: the same files, the same tag.

    The base is named by the folder's image.yaml; its smoke test has run inside. All output goes to
    `log`.
    """
    tag = _tag(folder, image)
    if identity_of(daemon, tag) is None:
        _build(daemon, folder, image, f"{tag}-untested", log)
        _smoke_test(daemon, folder, f"{tag}-untested", settings, log)
        daemon.client.images.get(f"{tag}-untested").tag(tag)
        daemon.client.images.remove(f"{tag}-untested")
    return tag


def content_of(folder: Path, image: Image) -> str:
    """One hash of all that the image is made of: its folder's files, and its base."""
    names = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return digest_of(folder, names, image.reference)


def identity_of(daemon: Daemon, tag: str) -> str | None:
    """The image's own identity, or None where the daemon has no such image."""
    try:
        return str(daemon.client.images.get(tag).id)
    except ImageNotFound:
        return None
    except (DockerException, OSError) as error:
        raise daemon.failure(str(error)) from None


def _tag(folder: Path, image: Image) -> str:
    return f"{REPOSITORY}/{folder.name}:{content_of(folder, image)[:16]}"


def _build(daemon: Daemon, folder: Path, image: Image, tag: str, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    client = daemon.new_client(BUILD_TIMEOUT_S)
    try:
        answers = client.api.build(
            path=str(folder),
            tag=tag,
            buildargs={"BASE": image.reference},
            network_mode="host",  # boards often have kernels that cannot bridge
            rm=True,
            forcerm=True,
            decode=True,
        )
        with log.open("a", encoding="utf-8") as stream:
            for answer in answers:
                stream.write(answer.get("stream", ""))
                _check(answer)
    except (BuildError, APIError, DockerException, OSError) as error:
        raise _failure(folder, image, str(error), log) from None
    finally:
        client.close()


def restrictions(settings: ContainerSettings) -> dict[str, Any]:
    """What a container may do and has of the machine, as the SDK takes it."""
    gpus = [DeviceRequest(count=-1, capabilities=[["gpu"]])] if settings.gpus else None
    return {
        "entrypoint": "",
        "tmpfs": {"/tmp": "exec,mode=1777"},
        "read_only": True,
        "network_mode": "none",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "user": settings.user,
        "group_add": settings.groups,
        "device_requests": gpus,
        "runtime": settings.runtime,
    }


def _smoke_test(
    daemon: Daemon, folder: Path, tag: str, settings: ContainerSettings, log: Path
) -> None:
    """Run the folder's smoke.py in the image."""
    command = [settings.python, "/retable/smoke.py"]
    try:
        said = daemon.client.containers.run(
            tag, command, remove=True, stderr=True, **restrictions(settings)
        )
    except ContainerError as error:
        said = error.stderr
        lines = (
            said.decode("utf-8", "replace") if isinstance(said, bytes) else said or ""
        ).splitlines()
        raise RetableError(f"{folder}/smoke.py: {' '.join(lines[-1:])}") from None
    except (DockerException, OSError) as error:
        raise daemon.failure(str(error)) from None
    with log.open("ab") as stream:
        stream.write(said)


def _check(answer: dict[str, Any]) -> None:
    if "error" in answer:
        raise BuildError(answer["error"], iter([]))


def _failure(folder: Path, image: Image, said: str, log: Path) -> RetableError:
    words = " ".join(said.split())
    return RetableError(
        f"{folder}/Dockerfile, on {image.reference}: could not be built: {words} (all of it: {log})"
    )
