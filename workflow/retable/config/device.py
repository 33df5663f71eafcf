"""config/devices/*.yaml: what a device is, and which backend plays which role on it."""

import os
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from retable.config.entry import DockerHost, Entry, Name, PluginName, Scalar, listed, nearest
from retable.errors import RetableError

Role = Literal["engine", "native", "native-cpu", "mobile"]
Precision = Literal["fp32", "fp16", "int8"]
Source = Literal["graph", "native"]


def _no_host(name: str) -> str:
    if name == "host":
        raise ValueError("no device can be called host: its folder in results/ is this machine's")
    return name


class Program(Entry):
    """What is started on the device: a file elsewhere, or one of the user's own.

    `checksum`, of what is elsewhere: "sha256:..." or "md5:..."; None: that of the first fetch.
    `path`: from the checkout; what lies there is taken as it is, and again when it has changed.
    """

    url: str | None = None
    checksum: str | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _is_one_file(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("give url, or path")
        if self.path is not None and self.checksum is not None:
            raise ValueError("checksum belongs to url: what lies at path is taken as it is")
        return self


class Player(Entry):
    """A library on the device, the roles it plays there, and what it can be asked for.

    Players are named by the library, or, where one library plays two roles differently (on the
    GPU, on the CPU), each by a name of its own with `backend` beside it.
    """

    roles: list[Role]
    backend: PluginName | None = None  # the file in retable_runner/backends; else the player's name
    environment: Name
    # The environment of this machine in which its engines are built, ahead of time and without the
    # device (options must say what for); None: on the device, in `environment`.
    build_environment: Name | None = None
    memory: Literal["host", "device"] | None = None  # if other than the device's
    # What its engines are made of, if other than the role says: a graph (ONNX), or native, the
    # framework's own files, of its models alone.
    source: Source | None = None
    # Whose own files it runs, where those are not of the backend's name.
    framework: Name | None = None
    program: Program | None = None  # that it starts on the device, and that is brought there
    precisions: list[Precision]
    unsupported: dict[Precision, str] = {}  # precision -> why the report shows no number for it
    precision_flags: list[Precision] = []  # set by a flag at build time, on the FP32 graph
    options: dict[str, Scalar] = {}


class ContainerSettings(Entry):
    """How containers are run on a device, where its runtime is docker."""

    # As in DOCKER_HOST: ssh://user@host; None: DOCKER_HOST's, or this machine.
    host: DockerHost | None = None
    base: str | None = None  # an image to build on instead of the environments' own bases
    ngc: str | None = None  # host name of NVIDIA's registry, where the environments' bases lie
    python: str = "python3"  # of the images
    gpus: bool = False  # x86 with NVIDIA's container toolkit: all GPUs
    runtime: str | None = None  # of Docker: `nvidia` on a Jetson
    user: str = "1000:1000"  # inside
    groups: list[str] = []  # that the user is in besides, such as `video` on a Jetson
    cpuset: str | None = None  # CPUs that may be used, as 0-3

    @property
    def is_local(self) -> bool:
        """Whether containers run on this machine."""
        return self.host is None or self.host.startswith("unix:")


class PhoneSettings(Entry):
    """Which phone is meant, where a device's runtime is adb."""

    serial: str | None = None  # as `adb devices` tells it; None: the only one that is there


class Device(Entry):
    """One device. `memory` says where inputs and outputs live: `host` means no transfers."""

    device: Annotated[Name, AfterValidator(_no_host)]
    title: str
    architecture: Literal["any", "x86_64", "aarch64"]
    runtime: Literal["venv", "host", "docker", "adb", "qemu"]
    # Its instructions are translated: its numbers are its own, its times are of the translation.
    emulated: bool = False
    container: ContainerSettings = ContainerSettings()
    phone: PhoneSettings = PhoneSettings()
    memory: Literal["host", "device"]
    memory_limit_mib: int | None = None
    resident: int | None = None  # launches that fit into its memory at a time; None: a whole round
    power_mode: str | None = None
    notes: list[str] = []
    backends: dict[PluginName, Player]

    @model_validator(mode="after")
    def _says_that_it_is_emulated(self) -> Self:
        if self.runtime == "qemu" and not self.emulated:
            raise ValueError("runtime: qemu emulates another processor: say emulated: true")
        return self

    def playing(self, players: str) -> "Device":
        """The device with these of its backends, or "all"; a name that it lacks is one sentence."""
        if players == "all":
            return self
        names = listed(players)
        for name in names:
            if name not in self.backends:
                raise RetableError(
                    f"--config players: config/devices/{self.device}.yaml has no backend {name!r}; "
                    f"{nearest(name, list(self.backends))}"
                )
        chosen = {name: player for name, player in self.backends.items() if name in names}
        return self.model_copy(update={"backends": chosen})

    def in_containers(self, **said: str | None) -> "Device":
        """The device with what a run says of its containers, where it says something.

        Where neither says it, the host is that of DOCKER_HOST.
        """
        if self.runtime != "docker" and (said.get("host") or said.get("ngc")):
            raise RetableError(
                f"docker_host, ngc: config/devices/{self.device}.yaml: runtime: {self.runtime} "
                "enters no containers; did you mean device=cpu-docker?"
            )
        usual = {"host": self.container.host or usual_docker_host()}
        told = {key: value for key, value in said.items() if value}
        container = self.container.model_copy(update={**usual, **told})
        return self.model_copy(update={"container": container})

    def at_cable(self, serial: str | None) -> "Device":
        """The device as the phone that a run names, if it names one."""
        if serial is None:
            return self
        if not self.is_phone:
            raise RetableError(
                f"phone: config/devices/{self.device}.yaml: runtime: {self.runtime} "
                "reaches no phone; did you mean device=kirin-980?"
            )
        return self.model_copy(update={"phone": PhoneSettings(serial=serial)})

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is another machine than this: a phone, or where its containers run."""
        return self.is_phone or (self.runtime == "docker" and not self.container.is_local)

    @property
    def is_phone(self) -> bool:
        """Whether it hangs at this machine's cable."""
        return self.runtime == "adb"

    @property
    def environments(self) -> list[str]:
        """The environments that its players run in there."""
        return sorted({player.environment for player in self.backends.values()})

    def backend_of(self, player: str) -> str:
        """The backend's file that stands behind a player."""
        return self.backends[player].backend or player

    def framework(self, player: str) -> str:
        """The framework whose own files a player runs, where it runs such."""
        return self.backends[player].framework or self.backend_of(player)

    def memory_of(self, player: str) -> str:
        """Where the player's inputs and outputs live."""
        return self.backends[player].memory or self.memory


def usual_docker_host() -> str | None:
    """Where Docker is, as far as the environment says."""
    return os.environ.get("DOCKER_HOST") or None
