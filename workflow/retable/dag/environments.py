"""Which environment a step is entered through, and what an environment is made of."""

import platform
from pathlib import Path

from retable.config.device import ContainerSettings, usual_docker_host
from retable.config.image import image_files
from retable.dag.run import HOST, Run, Wildcards
from retable.runtimes import qemu, venv
from retable.runtimes.host import identity as host_identity


class Environments:
    def __init__(self, run: Run) -> None:
        self._run = run

    def here(self, name: str) -> str:
        """The record of an environment of this machine."""
        return f"results/environments/{self._run.settings.runtime}/{name}.json"

    def outside_containers(self, name: str) -> str:
        """The same, in a virtual environment where others are entered in containers."""
        runtime = self._run.settings.runtime
        return f"results/environments/{'venv' if runtime == 'docker' else runtime}/{name}.json"

    def on_device(self, name: str) -> str:
        """The record of an environment as the device has it, with what the device is."""
        return f"results/{self._run.device.device}/environments/{name}.json"

    def entered(self, wildcards: Wildcards) -> str:
        """The environment that a device's own, or this machine's, is entered through."""
        if wildcards.device == HOST:
            return self.here(wildcards.environment)
        device = self._run.device
        here = device.runtime != "docker"  # an image is where its containers are
        where = device.runtime if here else device.device
        return f"results/environments/{where}/{wildcards.environment}.json"

    def of_model(self, wildcards: Wildcards) -> str:
        """The environment of the model's framework, in which its artifacts are made."""
        return self.of_framework(self._run.model(wildcards).environment)

    def of_framework(self, environment: str) -> str:
        if environment == "host":
            return "results/environments/host/host.json"
        return self.here(environment)

    def of_build(self, wildcards: Wildcards) -> str:
        """Where a player's engines are built: on the device, or ahead of time on this machine."""
        player = self._run.player(wildcards)
        if player.build_environment:
            return f"results/{HOST}/environments/{player.build_environment}.json"
        return self.on_device(player.environment)

    def runtime(self, wildcards: Wildcards) -> str:
        """How the environments below results/environments/{where} are entered."""
        return self._run.device.runtime if self._is_device(wildcards) else wildcards.where

    def settings(self, wildcards: Wildcards) -> str:
        """What the device's file says to the runtime there, as JSON."""
        runtime = self.runtime(wildcards)
        if runtime != "docker" or self._is_device(wildcards):
            return self._run.entering(runtime).model_dump_json()
        host, base = usual_docker_host(), self._run.settings.base_image
        return ContainerSettings(host=host, base=base).model_dump_json()

    def files(self, wildcards: Wildcards) -> list[str]:
        """What the runtime makes the environment of."""
        folder = Path("containers", wildcards.environment)
        if self.runtime(wildcards) == "docker":
            return [str(path) for path in image_files(folder)]
        if self.runtime(wildcards) == "qemu":
            return [str(path) for path in qemu.files(wildcards.environment)]
        if wildcards.where == "host":
            return []
        return [str(path) for path in venv.files(wildcards.environment)]

    def interpreter(self, wildcards: Wildcards) -> str:
        """What an environment depends on besides its lock: a change in it makes it anew."""
        if wildcards.where == "host":
            return host_identity()
        return "" if self.runtime(wildcards) == "docker" else platform.python_version()

    def machine(self, wildcards: Wildcards) -> str:
        """The machine that a probe would find; records carried to another are made anew."""
        container = self._run.device.container
        device = self._run.device
        if device.is_phone and wildcards.device != HOST:
            return device.phone.serial or "the only phone"
        here = container.is_local or wildcards.device == HOST
        return f"{platform.node()} {platform.machine()}" if here else str(container.host)

    def _is_device(self, wildcards: Wildcards) -> bool:
        return wildcards.where == self._run.device.device
