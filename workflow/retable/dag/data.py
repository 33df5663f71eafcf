"""Pictures: which data set a model has here, and what is made of it."""

import json

from retable.config.dataset import DataSet
from retable.config.model import Model, Preparation
from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards
from retable.errors import RetableError

ENVIRONMENT = "data"


class Data:
    def __init__(self, run: Run, environments: Environments) -> None:
        self._run = run
        self._environments = environments

    def environment(self, _: Wildcards) -> str:
        """Where pictures are made and scores computed: on this machine, never in a container.

        The pictures of a data set are files that an index names, too many to be carried.
        """
        return self._environments.outside_containers(ENVIRONMENT)

    def set_json(self, wildcards: Wildcards) -> str:
        """What of a set's file decides its pictures."""
        return self._set(wildcards).pictures.model_dump_json()

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
        for model in self._run.models():
            preparation = model.preparation
            if preparation and preparation.placement == wildcards.placement:
                options = json.dumps(preparation.options, sort_keys=True)
                return ["--geometry", preparation.geometry, "--options", options]
        raise RetableError(f"no model of this run places pictures as {wildcards.placement!r}")

    def inputs(self, model: Model, chosen: DataSet, split: str, input_key: str) -> str:
        """The record of a set's pictures at a model's input size."""
        size = input_key.partition("b")[0]
        place = f"{chosen.dataset}/{split}/{_preparation(model).placement}/{size}"
        return f"results/inputs/{place}.json"

    def sample_pictures(self, wildcards: Wildcards) -> list[str]:
        """The pictures whose first are the sample: drawn ones, whatever is scored on.

        So that what is timed depends on no download, and on no other suite of the run.
        """
        model = self._run.model(wildcards)
        drawn = self._drawn(model)
        if drawn is None:
            return []
        return [self.inputs(model, drawn, drawn.calibration, wildcards.input)]

    def calibration(self, wildcards: Wildcards) -> list[str]:
        """The pictures that a graph of this precision is calibrated with, as tensors."""
        if wildcards.precision != "int8" or self._to_calibrate(self._run.model(wildcards)) is None:
            return []
        return [f"results/models/{wildcards.model}/{wildcards.input}/calibration.json"]

    def calibration_inputs(self, wildcards: Wildcards) -> str:
        model = self._run.model(wildcards)
        chosen = self._to_calibrate(model)
        if chosen is None:
            raise RetableError(f"config/models/{model.model}.yaml: no data set has its pictures")
        return self.inputs(model, chosen, chosen.calibration, wildcards.input)

    def _to_calibrate(self, model: Model) -> DataSet | None:
        """That of the first suite which scores the model; else a drawn one."""
        for plan in self._run.plans.values():
            of_model = any(one.request.model == model.model for one in plan.runnable_cases)
            found = self._run.accuracy_of(plan.suite, model) if of_model else None
            if found is not None:
                return found[1]
        return self._drawn(model)

    def _drawn(self, model: Model) -> DataSet | None:
        """The first drawn set of the model's task."""
        if model.preparation is None:
            return None
        sets = self._run.configuration.datasets.values()
        return next((one for one in sets if one.is_drawn and one.task == model.task), None)

    def _set(self, wildcards: Wildcards) -> DataSet:
        return self._run.configuration.datasets[wildcards.set]


def _preparation(model: Model) -> Preparation:
    if model.preparation is None:
        raise RetableError(f"config/models/{model.model}.yaml: no 'preparation' of pictures")
    return model.preparation
