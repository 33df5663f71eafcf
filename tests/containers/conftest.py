"""The ground as fixtures: a daemon, images on it, and the way to it through ssh.

`make test-containers` runs what stands here. RETABLE_CONTAINERS=required turns a machine that
lacks Docker from a reason to skip into a failure; RETABLE_CONTAINERS_IMAGES=FOLDER keeps images
there from one run to the next.
"""

import contextlib
import os
from pathlib import Path

import pytest
from docker.errors import BuildError
from ground import base_image as base_images
from ground import daemon as daemons
from ground import ssh
from ground.programs import Lacking

ROOT = Path(__file__).parents[2]
HARDENED = {
    "network_mode": "none",
    "read_only": True,
    "tmpfs": {"/tmp": "exec"},
    "user": "65534:65534",
    "security_opt": ["no-new-privileges"],
    "cap_drop": ["ALL"],
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.containers)


@contextlib.contextmanager
def provided():
    """Skip where the machine lacks something, or fail where it must not."""
    try:
        yield
    except Lacking as lacking:
        if os.environ.get("RETABLE_CONTAINERS") == "required":
            pytest.fail(str(lacking), pytrace=False)
        pytest.skip(str(lacking))


@pytest.fixture(scope="session")
def daemon():
    """A Docker daemon of our own: `url`, `environment`, `client()`."""
    images = os.environ.get("RETABLE_CONTAINERS_IMAGES")
    with provided(), daemons.running(Path(images) if images else None) as running:
        yield running


@pytest.fixture(scope="session")
def docker_client(daemon):
    """The SDK's client of the daemon."""
    with contextlib.closing(daemon.client()) as client:
        yield client


@pytest.fixture(scope="session")
def ssh_daemon(daemon):
    """The daemon as a remote device has it: `url` (ssh://), `host`, `environment`, `cut()`."""
    with provided(), ssh.serving(daemon) as serving:
        yield serving


@pytest.fixture(scope="module", params=["daemon", "ssh_daemon"], ids=["local", "ssh"])
def daemon_met(request):
    """The same daemon, met at its own socket and as a remote device's."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def base_image(docker_client):
    """The tag of an image with Python, pip and a shell: see ground/base_image.py."""
    return base_images.ensure(docker_client)


@pytest.fixture(scope="session")
def cpu_image(docker_client, base_image):
    """The tag of the environment `cpu`, from its own Dockerfile on the base image."""
    tag = "retable-ground/cpu"
    try:
        docker_client.images.build(
            path=str(ROOT / "containers" / "cpu"),
            buildargs={"BASE": base_image},
            network_mode="host",
            tag=tag,
            forcerm=True,
        )
    except BuildError as error:
        said = "".join(line.get("stream", "") for line in error.build_log)
        pytest.fail(f"{error}\n{said[-2000:]}", pytrace=False)
    return tag


@pytest.fixture
def started(docker_client):
    """Starts hardened containers, which are removed after the test."""
    containers = []

    def start(image, command, **options):
        container = docker_client.containers.run(
            image, command, detach=True, **{**HARDENED, **options}
        )
        containers.append(container)
        return container

    yield start
    for container in containers:
        container.remove(force=True)
