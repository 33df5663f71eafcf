"""What of a model's file decides its artifacts."""

import json

from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards


class Models:
    def __init__(self, run: Run, environments: Environments) -> None:
        self._run = run
        self.environment = environments.of_model

    def network(self, wildcards: Wildcards) -> list[str]:
        """What decides what its exporter builds, as the steps' options."""
        model = self._run.model(wildcards)
        options = json.dumps(model.options, sort_keys=True)
        return ["--model", model.model, "--exporter", model.exporter, "--options", options]

    def parameters(self, wildcards: Wildcards) -> str:
        return json.dumps(self._run.model(wildcards).parameters)

    def official_weights(self, wildcards: Wildcards) -> str:
        return self._run.model(wildcards).weights.model_dump_json()
