"""One run: what was configured and asked for, and the plan that comes of it."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from retable.availability import PlugIns
from retable.cases import Block, Case
from retable.config.dataset import DataSet
from retable.config.device import Device, Player
from retable.config.entry import Entry, Scalar
from retable.config.load import Configuration, load_configuration
from retable.config.model import Model
from retable.config.settings import Settings, load_settings
from retable.config.suite import Accuracy, Suite
from retable.errors import RetableError
from retable.plan import Plan
from retable.planning import planned
from retable.runtimes import Nothing, runtime
from retable.selection import Selection

HOST = "host"  # in the place of a device's name, for what is entered on this machine
LEAST_FREE_BYTES = 1 << 30


class Wildcards(Protocol):
    """What Snakemake gives an input function: one attribute a wildcard."""

    def __getattr__(self, name: str) -> str: ...


class Run:
    """The configuration, the settings, the device and the plans; and what wildcards name of it."""

    def __init__(self, root: Path, overrides: dict[str, Any]) -> None:
        self.root = root
        self.configuration: Configuration = load_configuration(root)
        self.settings: Settings = load_settings(root, overrides)
        self.device: Device = (
            self.configuration.devices[self.settings.device]
            .playing(self.settings.players)
            .in_containers(
                host=self.settings.docker_host, base=self.settings.base_image, ngc=self.settings.ngc
            )
            .at_cable(self.settings.phone)
        )
        available = PlugIns(self.configuration.root)
        self.plans = plans(self.configuration, self.settings, self.device, available)
        for plan in self.plans.values():
            available.check_accuracy(plan.suite, self.configuration.datasets)
        for model in self.models():
            available.check_geometry(model)

    def check(self, targets: Iterable[str]) -> None:
        """Say in one sentence why the device cannot be used, before any work.

        It is not asked for engines alone that are all built on this machine.
        """
        where = f"config/devices/{self.device.device}.yaml"
        free = shutil.disk_usage(self.root).free
        if free < LEAST_FREE_BYTES:
            raise RetableError(
                f"results/: {free >> 20} MiB are free on this disk, and {LEAST_FREE_BYTES >> 20} "
                "are needed at least: make room"
            )
        if self._built_here(targets):
            return
        for name, player in self.device.backends.items():
            own = player.program.path if player.program else None
            if own and not (self.root / own).is_file():
                raise RetableError(f"{where}: backends.{name}.program.path: {own}: no such file")
        entered = runtime(self.device.runtime, where)
        entered.check(where, self.entering(self.device.runtime), self.device.environments)

    def entering(self, name: str) -> Entry:
        """How the device's file says that its environments are entered by a runtime."""
        key = runtime(name, f"config/devices/{self.device.device}.yaml").KEY
        return getattr(self.device, key) if key else Nothing()

    def _built_here(self, targets: Iterable[str]) -> bool:
        """Whether engines are all that is wanted, and all of them are built on this machine."""
        ahead = all(player.build_environment for player in self.device.backends.values())
        engines = f"results/{self.device.device}/engines/"
        named = [str(one) == "engines" or str(one).startswith(engines) for one in targets]
        return ahead and bool(named) and all(named)

    def model(self, wildcards: Wildcards) -> Model:
        return self.configuration.models[wildcards.model]

    def player(self, wildcards: Wildcards) -> Player:
        return self.device.backends[wildcards.player]

    def models(self) -> list[Model]:
        """Those of all cases that can run here."""
        plans = self.plans.values()
        names = {case.request.model for plan in plans for case in plan.runnable_cases}
        return [self.configuration.models[name] for name in sorted(names)]

    def scored_on(self, suite: Suite) -> list[tuple[Accuracy, DataSet]]:
        """How a suite is scored, and on what; nothing where it is only timed."""
        return self.configuration.scored_on(suite, self.settings.data)

    def accuracy_of(self, suite: Suite, model: Model) -> tuple[Accuracy, DataSet] | None:
        """How a suite scores a model, and on what; None where it does not."""
        fitting = (found for found in self.scored_on(suite) if found[1].judges(model))
        return next(fitting, None)

    def block(self, wildcards: Wildcards) -> Block:
        return self.plans[wildcards.suite].blocks[wildcards.block]

    def timed(self, wildcards: Wildcards) -> list[Case]:
        """The cases of a suite that can run here."""
        return list(self.plans[wildcards.suite].runnable_cases)

    def case_of_engine(self, wildcards: Wildcards) -> Case:
        """A case that the engine with these wildcards belongs to."""
        engine = "/".join(
            getattr(wildcards, name) for name in ("model", "input", "work", "precision", "player")
        )
        for plan in self.plans.values():
            for case in plan.runnable_cases:
                if case.engine == engine:
                    return case
        raise RetableError(f"no case of this run has the engine {engine}")

    def options_of(self, case: Case) -> dict[str, Scalar]:
        """What its backend is told: the player's options, and over them the case's own."""
        return {**self.device.backends[case.player].options, **dict(case.request.options)}

    def named_case(self, wildcards: Wildcards) -> Case:
        """A case by the names of its block and of itself, of whatever suite."""
        for plan in self.plans.values():
            block = plan.blocks.get(wildcards.block)
            for case in block.runnable if block else ():
                if case.name == wildcards.case:
                    return case
        raise RetableError(f"no case {wildcards.case} in {wildcards.block}")


def plans(
    configuration: Configuration, settings: Settings, device: Device, available: PlugIns
) -> Mapping[str, Plan]:
    """The plan of every suite that the settings name."""
    names = settings.suites(list(configuration.suites))
    selection = Selection(settings.models, settings.inputs)
    found = {
        name: planned(
            configuration,
            available,
            device,
            suite=name,
            further=settings.further,
            selection=selection,
            size=settings.size,
        )
        for name in names
    }
    blocks = (block for plan in found.values() for block in plan.blocks.values())
    selection.check([case.request for block in blocks for case in block.cases])
    return found
