"""Pictures, predictions and scores: which of them a suite has here, and what they are made of."""

import json

from retable.cases import Case
from retable.config.dataset import DataSet
from retable.config.model import Model
from retable.config.suite import Suite
from retable.dag.engines import Engines
from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards
from retable.errors import RetableError

ENVIRONMENT = "data"
KEPT = {"segmentation": "labels"}  # of a task's outputs; of the others, all


class Accuracy:
    def __init__(self, run: Run, environments: Environments, engines: Engines) -> None:
        self._run = run
        self._environments = environments
        self._engines = engines

    def environment(self, _: Wildcards) -> str:
        """Where pictures are made and scores computed: on this machine, never in a container.

        The pictures of a data set are files that an index names, too many to be carried.
        """
        return self._environments.outside_containers(ENVIRONMENT)

    # Data sets

    def set_json(self, wildcards: Wildcards) -> str:
        return self._set(wildcards).model_dump_json()

    def images(self, wildcards: Wildcards) -> list[str]:
        """How many pictures are scored on, as the step's option; to calibrate with, always all."""
        images = self._run.settings.images
        of_calibration = wildcards.split == self._set(wildcards).calibration
        return [] if images is None or of_calibration else ["--images", str(images)]

    def own_folder(self, wildcards: Wildcards) -> list[str]:
        folder = self._run.settings.data_folder
        return ["--folder", folder] if folder and self._set(wildcards).folder else []

    def geometry(self, wildcards: Wildcards) -> list[str]:
        """How pictures are placed in the input, as the step's options."""
        for model in self._models():
            preparation = model.preparation
            if preparation and preparation.placement == wildcards.placement:
                options = json.dumps(preparation.options, sort_keys=True)
                return ["--geometry", preparation.geometry, "--options", options]
        raise RetableError(f"no model of this run places pictures as {wildcards.placement!r}")

    # What a model is given besides: to be calibrated with, to be compared on

    def calibration(self, wildcards: Wildcards) -> list[str]:
        """The pictures that a graph of this precision is calibrated with, as tensors."""
        if wildcards.precision != "int8" or self._set_of(wildcards) is None:
            return []
        return [f"results/models/{wildcards.model}/{wildcards.input}/calibration.json"]

    def calibration_inputs(self, wildcards: Wildcards) -> str:
        chosen = self._set_of(wildcards)
        if chosen is None:
            raise RetableError(f"no suite of this run has pictures for {wildcards.model}")
        return self._inputs_of(wildcards, chosen, chosen.calibration)

    def sample_pictures(self, wildcards: Wildcards) -> list[str]:
        """The pictures whose first are the sample."""
        chosen = self._set_of(wildcards)
        if chosen is None:
            return []
        return [self._inputs_of(wildcards, chosen, chosen.calibration)]

    def _inputs_of(self, wildcards: Wildcards, chosen: DataSet, split: str) -> str:
        preparation = self._run.model(wildcards).preparation
        assert preparation is not None
        size = wildcards.input.partition("b")[0]
        return f"results/inputs/{chosen.dataset}/{split}/{preparation.placement}/{size}.json"

    def _set_of(self, wildcards: Wildcards) -> DataSet | None:
        """The data set of the first suite that scores the model."""
        for plan in self._run.plans.values():
            if plan.suite.accuracy is not None:
                chosen = self._data_of(plan.suite)
                cases = (one for one in plan.runnable_cases if one.request.model == wildcards.model)
                if any(self._is_scored(case, chosen) for case in cases):
                    return chosen
        return None

    # Cases

    def case_json(self, wildcards: Wildcards) -> str:
        """All that predictions of a case depend on besides the input files."""
        case = self._run.named_case(wildcards)
        player = self._run.device.backends[case.backend]
        told = {
            "name": case.name,
            "block": wildcards.block,
            "backend": case.plugin,
            "options": {**player.options, **dict(case.request.options)},
            "post": case.request.post,
            "input": case.request.input_key,
            "keep": KEPT.get(self._model(case).task or "", "outputs"),
        }
        return json.dumps(told, sort_keys=True)

    def preparation_json(self, wildcards: Wildcards) -> str:
        preparation = self._model(self._run.named_case(wildcards)).preparation
        if preparation is None:
            return "null"
        return preparation.model_dump_json(exclude={"geometry", "options"})

    def sample(self, wildcards: Wildcards) -> str:
        request = self._run.named_case(wildcards).request
        return f"results/models/{request.model}/{request.input_key}/sample.json"

    def engine(self, wildcards: Wildcards) -> str:
        return self._engines.of(self._run.named_case(wildcards))

    def native(self, wildcards: Wildcards) -> str:
        return f"results/models/{self._run.named_case(wildcards).request.model}/native.json"

    def device_environment(self, wildcards: Wildcards) -> str:
        return self._environments.on_device(self._run.named_case(wildcards).environment)

    def reference(self, wildcards: Wildcards) -> str:
        request = self._run.named_case(wildcards).request
        return f"results/models/{request.model}/{request.input_key}/reference.json"

    def model_environment(self, wildcards: Wildcards) -> str:
        model = self._model(self._run.named_case(wildcards))
        return self._environments.of_framework(model.environment)

    def graphs(self, wildcards: Wildcards) -> list[str]:
        """The graph that a case's engine is of, and the one without a tail."""
        return list(self._graphs(wildcards).values())

    def graph_options(self, wildcards: Wildcards) -> list[str]:
        """The same, as the step's options."""
        graphs = self._graphs(wildcards)
        tail = self._run.named_case(wildcards).request.tail if graphs else "none"
        named = [word for name, path in graphs.items() for word in (f"--{name}", path)]
        return ["--tail", tail, *named]

    def _graphs(self, wildcards: Wildcards) -> dict[str, str]:
        case = self._run.named_case(wildcards)
        if case.request.native:
            return {}
        plain = f"results/models/{case.request.model}/{case.request.input_key}/none/fp32.json"
        return {"graph": f"results/models/{case.graph}.json", "plain": plain}

    def inputs(self, wildcards: Wildcards) -> str:
        """The pictures of the data set, at the case's input size."""
        case = self._run.named_case(wildcards)
        preparation = self._model(case).preparation
        assert preparation is not None
        place = f"{wildcards.set}/{wildcards.split}/{preparation.placement}/{case.request.input}"
        return f"results/inputs/{place}.json"

    def metric_options(self, wildcards: Wildcards) -> str:
        """Of the suites that ask for this metric: one says it for all."""
        for suite in self._suites():
            if suite.accuracy and suite.accuracy.metric == wildcards.metric:
                return json.dumps(suite.accuracy.options, sort_keys=True)
        raise RetableError(f"no suite of this run asks for the metric {wildcards.metric!r}")

    # Suites

    def scores(self, wildcards: Wildcards) -> list[str]:
        """The records of all scores of a suite."""
        suite = self._run.plans[wildcards.suite].suite
        if suite.accuracy is None:
            return []
        chosen = self._data_of(suite)
        where = f"{chosen.dataset}/{suite.accuracy.split}/{suite.accuracy.metric}"
        return [
            f"results/{self._run.device.device}/scores/{where}/{case.request.block}/{case.name}.json"
            for case in self._run.timed(wildcards)
            if self._is_scored(case, chosen)
        ]

    def _data_of(self, suite: Suite) -> DataSet:
        """The data set that a suite is scored on."""
        assert suite.accuracy is not None
        name = getattr(suite.accuracy, self._run.settings.data)
        return self._run.configuration.datasets[name]

    def _is_scored(self, case: Case, chosen: DataSet) -> bool:
        model = self._model(case)
        return model.preparation is not None and model.task == chosen.task

    def _set(self, wildcards: Wildcards) -> DataSet:
        return self._run.configuration.datasets[wildcards.set]

    def _model(self, case: Case) -> Model:
        return self._run.configuration.models[case.request.model]

    def _models(self) -> list[Model]:
        plans = self._run.plans.values()
        names = {case.request.model for plan in plans for case in plan.runnable_cases}
        return [self._run.configuration.models[name] for name in sorted(names)]

    def _suites(self) -> list[Suite]:
        return [plan.suite for plan in self._run.plans.values()]
