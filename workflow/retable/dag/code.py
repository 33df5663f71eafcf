"""Which of our source files a step runs: inputs of its rule."""

from pathlib import Path

from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards
from retable.dag.scores import Scores
from retable.dag.sessions import Sessions
from retable.files import digest_of
from retable.sources import sources


class Code:
    def __init__(
        self, run: Run, environments: Environments, sessions: Sessions, scores: Scores
    ) -> None:
        self._run = run
        self._scores = scores
        self._environments = environments
        self._sessions = sessions

    def of(self, *modules: str) -> list[str]:
        return sources(self._run.root, *modules)

    def exporter(self, wildcards: Wildcards) -> list[str]:
        return self.of(f"retable_export.exporters.{self._run.model(wildcards).exporter}")

    def tail(self, wildcards: Wildcards) -> list[str]:
        return [] if wildcards.tail == "none" else self.of(f"retable_export.tails.{wildcards.tail}")

    def case_tail(self, wildcards: Wildcards) -> list[str]:
        tail = self._run.named_case(wildcards).request.tail
        return [] if tail == "none" else self.of(f"retable_export.tails.{tail}")

    def precision(self, wildcards: Wildcards) -> list[str]:
        return self.of(f"retable_export.precisions.{wildcards.precision}")

    def backend(self, wildcards: Wildcards) -> list[str]:
        return self.of(f"retable_runner.backends.{self._run.device.backend_of(wildcards.player)}")

    def build_digest(self, wildcards: Wildcards) -> str:
        """A digest of the sources that build an engine: part of the engine's identity."""
        paths = self.backend(wildcards) + self.of("retable_runner.build")
        return digest_of(self._run.root, paths)

    def loader(self, wildcards: Wildcards) -> list[str]:
        loader = self._run.configuration.datasets[wildcards.set].loader
        return self.of(f"retable_data.sets.{loader}")

    def geometry(self, wildcards: Wildcards) -> list[str]:
        return self.of(f"retable_data.geometries.{wildcards.placement.partition('-')[0]}")

    def metric(self, wildcards: Wildcards) -> list[str]:
        return self.of(f"retable_data.metrics.{self._scores.metric_name(wildcards)}")

    def prediction(self, wildcards: Wildcards) -> list[str]:
        """What runs the engine of a case, and what follows it."""
        case = self._run.named_case(wildcards)
        post = case.request.post
        posts = [] if post == "none" else [f"retable_runner.posts.{post}"]
        return self.of(f"retable_runner.backends.{case.backend}", *posts)

    def runtime(self, wildcards: Wildcards) -> list[str]:
        return self.of(f"retable.runtimes.{self._environments.runtime(wildcards)}")

    def device_runtime(self, _: Wildcards) -> list[str]:
        """How the device is entered: found by the runtime's name, and so imported by nobody."""
        runtime = self._run.device.runtime
        inside = ["retable_runner.hold"] if runtime == "docker" else []
        return self.of(f"retable.runtimes.{runtime}", *inside)

    def session(self, wildcards: Wildcards) -> list[str]:
        backends = {case.backend for case in self._run.block(wildcards).runnable}
        posts = {case.post for case in self._sessions.session(wildcards).cases} - {"none"}
        return self.of(
            *(f"retable_runner.backends.{name}" for name in sorted(backends)),
            *(f"retable_runner.posts.{post}" for post in sorted(posts)),
            *self._telemetry_modules(),
        )

    def _telemetry_modules(self) -> list[str]:
        """What watches the machine: a program of its own, which finds its sources in a folder."""
        package = "retable_runner.telemetry"
        folder = Path(self._run.root, "workflow", *package.split("."), "sources")
        names = sorted(path.stem for path in folder.glob("[!_]*.py"))
        return [
            "retable_runner.watch",
            f"{package}.recorder",
            f"{package}.watcher",
            *(f"{package}.sources.{name}" for name in names),
        ]
