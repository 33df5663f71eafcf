"""What a block's session is, and which records it reads."""

from retable.cases import Case
from retable.config.budget import BUDGETS
from retable.dag.engines import Engines
from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards
from retable.sessions import SessionCase, SessionJob


class Sessions:
    def __init__(self, run: Run, environments: Environments, engines: Engines) -> None:
        self._run = run
        self._environments = environments
        self._engines = engines

    def inputs(self, wildcards: Wildcards) -> list[str]:
        """The records that a session reads: engines, programs, environments, samples."""
        paths: list[str] = []
        for case in self.session(wildcards).cases:
            paths += [case.engine, case.environment, case.sample]
            paths += [case.program] if case.program else []
        return sorted(set(paths))

    def session(self, wildcards: Wildcards) -> SessionJob:
        """All that the session of a block depends on besides its input files."""
        device, settings = self._run.device, self._run.settings
        return SessionJob(
            suite=wildcards.suite,
            block=wildcards.block,
            device=device.device,
            memory_limit_mib=device.memory_limit_mib,
            resident=device.resident,
            budget=BUDGETS[settings.budget],
            seed=settings.seed,
            cases=[self._case(case) for case in self._run.block(wildcards).runnable],
        )

    def json(self, wildcards: Wildcards) -> str:
        return self.session(wildcards).model_dump_json()

    def _case(self, case: Case) -> SessionCase:
        request = case.request
        return SessionCase(
            name=case.name,
            backend=case.backend,
            environment=self._environments.on_device(case.environment),
            engine=self._engines.of(case),
            program=self._engines.program_of(case),
            sample=f"results/models/{request.model}/{request.input_key}/sample.json",
            post=request.post,
            options=self._run.options_of(case),
        )
