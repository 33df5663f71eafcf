"""What engines are built of, and where they lie."""

import json

from retable.cases import Case
from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards


class Engines:
    def __init__(self, run: Run, environments: Environments) -> None:
        self._run = run
        self.environment = environments.of_build

    def plugin(self, wildcards: Wildcards) -> str:
        return self._run.device.plugin(wildcards.player)

    def options(self, wildcards: Wildcards) -> str:
        return json.dumps(self._run.player(wildcards).options, sort_keys=True)

    def source(self, wildcards: Wildcards) -> str:
        return f"results/models/{self._run.case(wildcards).graph}.json"

    def memory_limit(self) -> list[str]:
        """Of whatever runs on the device, as the steps' option."""
        limit = self._run.device.memory_limit_mib
        return [] if limit is None else ["--memory-limit-mib", str(limit)]

    def cards(self, _: Wildcards) -> int:
        """How many of the run's graphics cards a step takes that runs an engine: it has one."""
        return int(self._run.device.memory == "device")

    def of(self, case: Case) -> str:
        """The record of a case's engine."""
        return f"results/{self._run.device.device}/engines/{case.engine}.json"

    def all(self) -> list[str]:
        """Every engine of the run, for those who only want them built."""
        cases = (case for plan in self._run.plans.values() for case in plan.runnable_cases)
        return sorted({self.of(case) for case in cases})
