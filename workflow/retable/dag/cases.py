"""A case by the names of its block and of itself: what its engine is, and what goes into it."""

import json

from retable.config.model import Model
from retable.dag.engines import Engines
from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards

# Of a task's outputs, what its metrics read; of the others, all.
KEPT = {
    "segmentation": "labels",
    "detection": [
        *("num_detections", "detection_scores", "detection_classes", "detection_boxes"),
        *("detection_masks", "detection_keypoints", "detection_keypoint_scores"),
    ],
}


class Cases:
    def __init__(self, run: Run, environments: Environments, engines: Engines) -> None:
        self._run = run
        self._environments = environments
        self._engines = engines

    def json(self, wildcards: Wildcards) -> str:
        """What a case's outputs depend on besides its input files."""
        case = self._run.named_case(wildcards)
        told = {
            "name": case.name,
            "block": wildcards.block,
            "backend": case.backend,
            "options": self._run.options_of(case),
            "post": case.request.post,
            "input": case.request.input_key,
            "keep": KEPT.get(self._model(wildcards).task or "", "outputs"),
        }
        return json.dumps(told, sort_keys=True)

    def preparation_json(self, wildcards: Wildcards) -> str:
        preparation = self._model(wildcards).preparation
        if preparation is None:
            return "null"
        return preparation.model_dump_json(exclude={"geometry", "options"})

    def cards(self, wildcards: Wildcards) -> int:
        """How many of the run's graphics cards a step takes that runs the case's engine."""
        player = self._run.named_case(wildcards).player
        return int(self._run.device.memory_of(player) == "device")

    def engine(self, wildcards: Wildcards) -> str:
        return self._engines.of(self._run.named_case(wildcards))

    def environment(self, wildcards: Wildcards) -> str:
        """That of the device, in which the engine runs."""
        return self._environments.on_device(self._run.named_case(wildcards).environment)

    def model_environment(self, wildcards: Wildcards) -> str:
        return self._environments.of_framework(self._model(wildcards).environment)

    def native(self, wildcards: Wildcards) -> str:
        return f"results/models/{self._run.named_case(wildcards).request.model}/native.json"

    def sample(self, wildcards: Wildcards) -> str:
        return f"{self._folder(wildcards)}/sample.json"

    def reference(self, wildcards: Wildcards) -> str:
        return f"{self._folder(wildcards)}/reference.json"

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
        if case.native:
            return {}
        plain = f"{self._folder(wildcards)}/none/fp32.json"
        return {"graph": f"results/models/{case.graph}.json", "plain": plain}

    def _folder(self, wildcards: Wildcards) -> str:
        request = self._run.named_case(wildcards).request
        return f"results/models/{request.model}/{request.input_key}"

    def _model(self, wildcards: Wildcards) -> Model:
        request = self._run.named_case(wildcards).request
        return self._run.configuration.models[request.model]
