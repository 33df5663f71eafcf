"""Images: one a folder of containers/, built where it is to run, found again by content."""

import uuid
from pathlib import Path

from docker.errors import DockerException, ImageNotFound

from retable.config.device import ContainerSettings
from retable.config.image import Image, image_files
from retable.containers.container import Container
from retable.containers.daemon import Daemon
from retable.errors import RetableError
from retable.files import digest_of
from retable.locks import exclusive

BUILD_TIMEOUT_S = 3600  # of silence: a package may compile on a slow board
SMOKE_TIMEOUT_S = 300
LOCKS = Path("results/environments/docker")
REPOSITORY = "retable"
STDERR, PLAIN = "\x1b[91m", "\x1b[0m"  # how a daemon colours it, and ends the colour


def built(
    daemon: Daemon, folder: Path, image: Image, settings: ContainerSettings, log: Path
) -> str:
    """The tag of the folder's image, built unless the daemon has it: the same files, the same tag.

    The base is named by the folder's image.yaml; its smoke test has run inside. What happens goes
    to `log`.
    """
    tag = f"{REPOSITORY}/{folder.name}:{content_of(folder, image)[:16]}"
    with exclusive(LOCKS / f".{folder.name}.lock"):
        if identity_of(daemon, tag) is None:
            untested = f"{tag}-{uuid.uuid4().hex[:8]}"
            _build(daemon, folder, image, untested, log)
            try:
                _smoke_test(daemon, folder, untested, settings, log)
                daemon.client.images.get(untested).tag(tag)
            finally:
                daemon.client.images.remove(untested, force=True)
    return tag


def content_of(folder: Path, image: Image) -> str:
    """One hash of the image's folder and the name of its base."""
    names = (str(path.relative_to(folder)) for path in image_files(folder))
    return digest_of(folder, names, image.reference)


def identity_of(daemon: Daemon, tag: str) -> str | None:
    """The image's own identity, or None where the daemon has no such image."""
    with daemon.speaking():
        try:
            return str(daemon.client.images.get(tag).id)
        except ImageNotFound:
            return None


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
            last_word = ""
            for answer in answers:
                text = answer.get("stream", "")
                stream.write(text)
                last_word = "" if text.startswith("Step ") else _of_stderr(text) or last_word
                if "error" in answer:
                    words = [answer["error"], last_word]
                    raise _failure(folder, image, ": ".join(filter(None, words)), log)
    except (DockerException, OSError) as error:
        raise _failure(folder, image, str(error), log) from None
    finally:
        client.close()


def _of_stderr(text: str) -> str:
    """The last line of what a command of the Dockerfile says to its stderr, or nothing."""
    lines = text.removeprefix(STDERR).removesuffix(PLAIN).strip().splitlines()
    return lines[-1] if text.startswith(STDERR) and lines else ""


def _failure(folder: Path, image: Image, said: str, log: Path) -> RetableError:
    words = " ".join(said.split())
    return RetableError(
        f"{folder}/Dockerfile, on {image.reference}: could not be built: {words} (all of it: {log})"
    )


def _smoke_test(
    daemon: Daemon, folder: Path, tag: str, settings: ContainerSettings, log: Path
) -> None:
    """Run the folder's smoke.py in the image, as jobs will run there."""
    with Container(daemon, tag, settings, lock="shared", log=log) as container:
        ended = container.run([settings.python, "/retable/smoke.py"], SMOKE_TIMEOUT_S)
    if ended.timed_out:
        raise RetableError(f"{folder}/smoke.py: no end after {ended.seconds:.0f} s")
    if ended.code != 0:
        last_line = ended.last_lines.splitlines()[-1:] or [f"exit status {ended.code}"]
        raise RetableError(f"{folder}/smoke.py: {last_line[0]} (all of it: {log})")
