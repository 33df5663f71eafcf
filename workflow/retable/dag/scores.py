"""Scores: which cases of a suite have one here, on what pictures, by what metric."""

import json

from retable.cases import Case
from retable.config.dataset import DataSet
from retable.config.model import Model
from retable.config.suite import Accuracy
from retable.dag.data import Data
from retable.dag.run import Run, Wildcards
from retable.errors import RetableError


class Scores:
    def __init__(self, run: Run, data: Data) -> None:
        self._run = run
        self._data = data

    def all(self, wildcards: Wildcards) -> list[str]:
        """The records of all scores of a suite."""
        suite = self._run.plans[wildcards.suite].suite
        where = f"results/{self._run.device.device}/scores/{suite.suite}"
        records = []
        for case in self._run.timed(wildcards):
            found = self._run.accuracy_of(suite, self._model(case))
            if found is not None:
                of_set = f"{where}/{found[1].dataset}/{found[0].split}"
                records.append(f"{of_set}/{case.request.block}/{case.name}.json")
        return records

    def inputs(self, wildcards: Wildcards) -> str:
        """The pictures of the data set, at the case's input size."""
        case = self._run.named_case(wildcards)
        chosen: DataSet = self._run.configuration.datasets[wildcards.set]
        return self._data.inputs(self._model(case), chosen, wildcards.split, case.request.input_key)

    def metric(self, wildcards: Wildcards) -> list[str]:
        """By what predictions are held against labels, as the step's options."""
        accuracy = self._accuracy(wildcards)
        model = self._model(self._run.named_case(wildcards))
        options = json.dumps({**accuracy.options, **model.metric_options}, sort_keys=True)
        return ["--metric", accuracy.metric, "--options", options]

    def metric_name(self, wildcards: Wildcards) -> str:
        return self._accuracy(wildcards).metric

    def _accuracy(self, wildcards: Wildcards) -> Accuracy:
        suite = self._run.plans[wildcards.suite].suite
        model = self._model(self._run.named_case(wildcards))
        found = self._run.accuracy_of(suite, model)
        if found is None or found[1].dataset != wildcards.set:
            raise RetableError(
                f"config/suites/{suite.suite}.yaml: 'accuracy' does not score {model.model} on "
                f"{wildcards.set!r} here"
            )
        return found[0]

    def _model(self, case: Case) -> Model:
        return self._run.configuration.models[case.request.model]
