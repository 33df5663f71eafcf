"""What the rules look up: plans, and for each wildcard the paths, parameters and sources."""

import json
import platform
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from retable.availability import PlugIns
from retable.cases import Block, Case
from retable.config.budget import BUDGETS
from retable.config.device import ContainerSettings, Device, Player, usual_docker_host
from retable.config.image import image_files
from retable.config.load import Configuration, load_configuration
from retable.config.model import Model
from retable.config.settings import Settings, load_settings
from retable.errors import RetableError
from retable.files import digest_of
from retable.plan import Plan, plan_suite
from retable.published import read_published
from retable.runtimes import runtime, venv
from retable.runtimes.host import identity as host_identity
from retable.sessions import SessionCase, SessionJob
from retable.sources import sources

HOST = "host"  # in the place of a device's name, for what is entered on this machine
LEAST_FREE_BYTES = 1 << 30


class Wildcards(Protocol):
    """What Snakemake gives an input function: one attribute a wildcard."""

    def __getattr__(self, name: str) -> str: ...


class Dag:
    """The plans of one run, and the lookups of its rules."""

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
        )
        self.plans = plans(self.configuration, self.settings, self.device)

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
        entered = runtime(self.device.runtime, where)
        entered.check(where, self.device.container, self.device.environments)

    def _built_here(self, targets: Iterable[str]) -> bool:
        """Whether engines are all that is wanted, and all of them are built on this machine."""
        ahead = all(player.build_environment for player in self.device.backends.values())
        engines = f"results/{self.device.device}/engines/"
        named = [str(one) == "engines" or str(one).startswith(engines) for one in targets]
        return ahead and bool(named) and all(named)

    # Environments

    def host_environment(self, name: str) -> str:
        return f"results/environments/{self.settings.runtime}/{name}.json"

    def device_environment(self, name: str) -> str:
        """The record of an environment as the device has it, with what the device is."""
        return f"results/{self.device.device}/environments/{name}.json"

    def entered_environment(self, wildcards: Wildcards) -> str:
        """The environment that a device's own, or this machine's, is entered through."""
        if wildcards.device == HOST:
            return self.host_environment(wildcards.environment)
        here = self.device.runtime != "docker"  # an image is where its containers are
        where = self.device.runtime if here else self.device.device
        return f"results/environments/{where}/{wildcards.environment}.json"

    def runtime(self, wildcards: Wildcards) -> str:
        """How the environments below results/environments/{where} are entered."""
        return self.device.runtime if self._is_device(wildcards) else wildcards.where

    def container(self, wildcards: Wildcards) -> str:
        """How containers are run there, as JSON."""
        if self.runtime(wildcards) != "docker":
            return ContainerSettings().model_dump_json()
        if self._is_device(wildcards):
            return self.device.container.model_dump_json()
        host, base = usual_docker_host(), self.settings.base_image
        return ContainerSettings(host=host, base=base).model_dump_json()

    def model_environment(self, wildcards: Wildcards) -> str:
        """The environment of the model's framework, in which its artifacts are made."""
        environment = self._model(wildcards).environment
        if environment == "host":
            return "results/environments/host/host.json"
        return self.host_environment(environment)

    def backend_environment(self, wildcards: Wildcards) -> str:
        """Where a player's engines are built: on the device, or ahead of time on this machine."""
        player = self._player(wildcards)
        if player.build_environment:
            return f"results/{HOST}/environments/{player.build_environment}.json"
        return self.device_environment(player.environment)

    def environment_files(self, wildcards: Wildcards) -> list[str]:
        """What the runtime makes the environment of."""
        folder = Path("containers", wildcards.environment)
        if self.runtime(wildcards) == "docker":
            return [str(path) for path in image_files(folder)]
        if wildcards.where == "host":
            return []
        return [str(path) for path in venv.files(wildcards.environment)]

    # Models

    def backend_plugin(self, wildcards: Wildcards) -> str:
        return self.device.plugin(wildcards.player)

    def engine_source(self, wildcards: Wildcards) -> str:
        return f"results/models/{self._case(wildcards).graph}.json"

    def network(self, wildcards: Wildcards) -> list[str]:
        """What of the model's file decides what its exporter builds, as the steps' options."""
        model = self._model(wildcards)
        options = json.dumps(model.options, sort_keys=True)
        return ["--model", model.model, "--exporter", model.exporter, "--options", options]

    def parameters(self, wildcards: Wildcards) -> str:
        return json.dumps(self._model(wildcards).parameters)

    def official_weights(self, wildcards: Wildcards) -> str:
        return self._model(wildcards).weights.model_dump_json()

    # Sessions

    def block(self, wildcards: Wildcards) -> Block:
        return self.plans[wildcards.suite].blocks[wildcards.block]

    def block_inputs(self, wildcards: Wildcards) -> list[str]:
        """The records that a session reads: engines, environments, the sample input."""
        paths: list[str] = []
        for case in self.session(wildcards).cases:
            paths += [case.engine, case.environment, case.sample]
        return sorted(set(paths))

    def block_backends(self, wildcards: Wildcards) -> list[str]:
        return sorted({case.plugin for case in self.block(wildcards).runnable})

    def session(self, wildcards: Wildcards) -> SessionJob:
        """All that the session of a block depends on besides its input files."""
        return SessionJob(
            suite=wildcards.suite,
            block=wildcards.block,
            device=self.device.device,
            memory_limit_mib=self.device.memory_limit_mib,
            resident=self.device.resident,
            budget=BUDGETS[self.settings.budget],
            seed=self.settings.seed,
            cases=[self._session_case(case) for case in self.block(wildcards).runnable],
        )

    def session_json(self, wildcards: Wildcards) -> str:
        return self.session(wildcards).model_dump_json()

    def backend_options(self, wildcards: Wildcards) -> str:
        return json.dumps(self._player(wildcards).options, sort_keys=True)

    # Reports

    def timings(self, wildcards: Wildcards) -> list[str]:
        plan = self.plans[wildcards.suite]
        return [
            f"results/{self.device.device}/timings/{wildcards.suite}/{block.name}.json"
            for block in plan.runnable
        ]

    def model_files(self, wildcards: Wildcards) -> list[str]:
        cells = self.plans[wildcards.suite].cells
        return sorted({f"config/models/{cell.request.model}.yaml" for cell in cells})

    def natives(self, wildcards: Wildcards) -> list[str]:
        """The records that say which weights the suite's timed models have."""
        models = {case.request.model for case in self._timed(wildcards)}
        return [f"results/models/{model}/native.json" for model in sorted(models)]

    def environments(self, wildcards: Wildcards) -> list[str]:
        """The environments in which the suite was timed, and what they tell of the machine."""
        names = {case.environment for case in self._timed(wildcards)}
        return [self.device_environment(name) for name in sorted(names)]

    def fidelities(self, wildcards: Wildcards) -> list[str]:
        graphs = {case.graph for case in self._timed(wildcards) if not case.request.native}
        return sorted(f"results/models/{_fidelity(graph)}.json" for graph in graphs)

    def settings_json(self) -> str:
        """What was asked of the run and decides its numbers, as the page tells it."""
        return self.settings.model_dump_json(exclude={"device", "suite"})

    def reports(self) -> list[str]:
        return [f"results/{self.device.device}/reports/{suite}.md" for suite in self.plans]

    def comparisons(self) -> list[str]:
        return [f"results/{self.device.device}/comparisons/{suite}.json" for suite in self.plans]

    def engines(self) -> list[str]:
        """Every engine of the run, for those who only want them built."""
        cases = (case for plan in self.plans.values() for case in plan.runnable_cases)
        return sorted({self._engine(case) for case in cases})

    # Sources

    def sources(self, *modules: str) -> list[str]:
        return sources(self.root, *modules)

    def exporter_sources(self, wildcards: Wildcards) -> list[str]:
        return sources(self.root, f"retable_export.exporters.{self._model(wildcards).exporter}")

    def tail_sources(self, wildcards: Wildcards) -> list[str]:
        if wildcards.tail == "none":
            return []
        return sources(self.root, f"retable_export.tails.{wildcards.tail}")

    def precision_sources(self, wildcards: Wildcards) -> list[str]:
        return sources(self.root, f"retable_export.precisions.{wildcards.precision}")

    def backend_sources(self, wildcards: Wildcards) -> list[str]:
        return sources(self.root, f"retable_runner.backends.{self.device.plugin(wildcards.player)}")

    def build_code(self, wildcards: Wildcards) -> str:
        """A digest of the sources that build an engine: part of the engine's identity."""
        paths = self.backend_sources(wildcards) + self.sources("retable_runner.build")
        return digest_of(self.root, paths)

    def interpreter(self, wildcards: Wildcards) -> str:
        """What an environment depends on besides its lock: a change in it makes it anew."""
        if wildcards.where == "host":
            return host_identity()
        return platform.python_version() if wildcards.where == "venv" else ""

    def machine(self, wildcards: Wildcards) -> str:
        """The machine that a probe would find; records carried to another are made anew."""
        container = self.device.container
        here = container.is_local or wildcards.device == HOST
        return f"{platform.node()} {platform.machine()}" if here else str(container.host)

    def runtime_sources(self, wildcards: Wildcards) -> list[str]:
        return sources(self.root, f"retable.runtimes.{self.runtime(wildcards)}")

    def device_runtime_sources(self, _: Wildcards) -> list[str]:
        """How the device is entered: found by the runtime's name, and so imported by nobody."""
        inside = ["retable_runner.hold"] if self.device.runtime == "docker" else []
        return sources(self.root, f"retable.runtimes.{self.device.runtime}", *inside)

    def session_sources(self, wildcards: Wildcards) -> list[str]:
        posts = {case.post for case in self.session(wildcards).cases} - {"none"}
        return sources(
            self.root,
            *(f"retable_runner.backends.{name}" for name in self.block_backends(wildcards)),
            *(f"retable_runner.posts.{post}" for post in sorted(posts)),
            *self._telemetry_modules(),
        )

    def _telemetry_modules(self) -> list[str]:
        """What watches the machine: a program of its own, which finds its sources in a folder."""
        package = "retable_runner.telemetry"
        folder = Path(self.root, "workflow", *package.split("."), "sources")
        names = sorted(path.stem for path in folder.glob("[!_]*.py"))
        return [
            "retable_runner.watch",
            f"{package}.recorder",
            f"{package}.watcher",
            *(f"{package}.sources.{name}" for name in names),
        ]

    def _is_device(self, wildcards: Wildcards) -> bool:
        return wildcards.where == self.device.device

    def _timed(self, wildcards: Wildcards) -> list[Case]:
        return list(self.plans[wildcards.suite].runnable_cases)

    def _engine(self, case: Case) -> str:
        return f"results/{self.device.device}/engines/{case.engine}.json"

    def _model(self, wildcards: Wildcards) -> Model:
        return self.configuration.models[wildcards.model]

    def _player(self, wildcards: Wildcards) -> Player:
        return self.device.backends[wildcards.player]

    def _case(self, wildcards: Wildcards) -> Case:
        """A case that the engine with these wildcards belongs to."""
        engine = "/".join(
            getattr(wildcards, name) for name in ("model", "input", "work", "precision", "player")
        )
        for plan in self.plans.values():
            for case in plan.runnable_cases:
                if case.engine == engine:
                    return case
        raise RetableError(f"no case of this run has the engine {engine}")

    def _session_case(self, case: Case) -> SessionCase:
        request = case.request
        return SessionCase(
            name=case.name,
            backend=case.plugin,
            environment=self.device_environment(case.environment),
            engine=self._engine(case),
            sample=f"results/models/{request.model}/{request.input_key}/sample.json",
            post=request.post,
            options={
                **self.device.backends[case.backend].options,
                **dict(request.options),
            },
        )


def _fidelity(graph: str) -> str:
    """Where a graph's fidelity lies: in a folder of its own beside the tails."""
    model, input_key, tail, precision = graph.split("/")
    return f"{model}/{input_key}/fidelity/{tail}/{precision}"


def plans(configuration: Configuration, settings: Settings, device: Device) -> Mapping[str, Plan]:
    """The plan of every suite that the settings name."""
    available = PlugIns(configuration.root)
    made = {}
    for name in settings.suites(list(configuration.suites)):
        suite = configuration.suites[name]
        published = read_published(configuration.root / "data" / "published" / f"{name}.csv")
        made[name] = plan_suite(
            suite,
            published,
            device,
            configuration.models,
            available.ending,
        )
    return made
