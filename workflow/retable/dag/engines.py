"""What engines are built of, and where they lie."""

import json

from retable.cases import Case
from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards
from retable.errors import RetableError


class Engines:
    def __init__(self, run: Run, environments: Environments) -> None:
        self._run = run
        self.environment = environments.of_build

    def backend(self, wildcards: Wildcards) -> str:
        return self._run.device.backend_of(wildcards.player)

    def options(self, wildcards: Wildcards) -> str:
        return json.dumps(self._run.player(wildcards).options, sort_keys=True)

    def source(self, wildcards: Wildcards) -> str:
        return f"results/models/{self._run.case_of_engine(wildcards).graph}.json"

    def memory_limit(self) -> list[str]:
        """Of whatever runs on the device, as the steps' option."""
        limit = self._run.device.memory_limit_mib
        return [] if limit is None else ["--memory-limit-mib", str(limit)]

    def cards(self, wildcards: Wildcards) -> int:
        """How many of the run's graphics cards building takes: it has one, or builds elsewhere."""
        ahead = self._run.player(wildcards).build_environment is not None
        return int(self._run.device.memory_of(wildcards.player) == "device" and not ahead)

    def of(self, case: Case) -> str:
        """The record of a case's engine."""
        return f"results/{self._run.device.device}/engines/{case.engine}.json"

    def program_json(self, wildcards: Wildcards) -> str:
        """Where the program is that a player starts on the device."""
        program = self._run.player(wildcards).program
        if program is None:
            raise RetableError(f"config/devices: {wildcards.player} starts no program")
        return program.model_dump_json()

    def own_program(self, wildcards: Wildcards) -> list[str]:
        """The user's own file that is brought there, where the device's file names one.

        One that is missing is not Snakemake's to miss, but ours, in one sentence: see Run.check.
        """
        program = self._run.player(wildcards).program
        own = program.path if program else None
        return [own] if own and (self._run.root / own).is_file() else []

    def program_of(self, case: Case) -> str | None:
        """The record of the program that a case's player starts on the device, if it does."""
        if self._run.device.backends[case.player].program is None:
            return None
        return f"results/{self._run.device.device}/programs/{case.player}.json"

    def all(self) -> list[str]:
        """Every engine of the run, for those who only want them built."""
        cases = (case for plan in self._run.plans.values() for case in plan.runnable_cases)
        return sorted({self.of(case) for case in cases})
