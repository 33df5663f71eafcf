"""Docker: its command, its daemon here or over ssh, the runtime that gives it a GPU, the bases."""

from collections.abc import Iterator

from retable.config.device import Device
from retable.doctor.findings import Finding, ok
from retable.doctor.readings import Readings
from retable.errors import RetableError
from retable.runtimes import docker

OF_THE_HOST = True


def findings(device: Device, readings: Readings) -> Iterator[Finding]:
    if device.runtime != "docker":
        return
    try:
        docker.check_daemon(device.device, device.container)
    except RetableError as error:
        yield Finding("fail", str(error))  # it says what mends it
    else:
        yield ok(f"Docker answers at {device.container.host or 'its usual place'}")
    try:
        docker.check_bases(device.container, device.environments)
    except RetableError as error:
        yield Finding("fail", str(error))
