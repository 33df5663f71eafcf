"""What a comparison reads of a suite, and which pages a run ends in."""

from retable.dag.environments import Environments
from retable.dag.run import Run, Wildcards
from retable.dag.scores import Scores

# Settings that decide no number: where things are, and what the page names by itself.
HOW_IT_IS_REACHED = {
    "device",
    "suite",
    "mirror",
    "data_folder",
    "docker_host",
    "base_image",
    "ngc",
    "phone",
}


class Pages:
    def __init__(self, run: Run, environments: Environments, scores: Scores) -> None:
        self._run = run
        self._environments = environments
        self.scores = scores.all

    def timings(self, wildcards: Wildcards) -> list[str]:
        device, suite = self._run.device.device, wildcards.suite
        blocks = self._run.plans[suite].runnable
        return [f"results/{device}/timings/{suite}/{block.name}.json" for block in blocks]

    def model_files(self, wildcards: Wildcards) -> list[str]:
        blocks = self._run.plans[wildcards.suite].blocks.values()
        requests = (case.request for block in blocks for case in block.cases)
        return sorted({f"config/models/{request.model}.yaml" for request in requests})

    def dataset_files(self, wildcards: Wildcards) -> list[str]:
        """What the page says of the data sets."""
        found = self._run.scored_on(self._run.plans[wildcards.suite].suite)
        return [f"config/datasets/{chosen.dataset}.yaml" for _, chosen in found]

    def natives(self, wildcards: Wildcards) -> list[str]:
        """The records that say which weights the suite's timed models have."""
        models = {case.request.model for case in self._run.timed(wildcards)}
        return [f"results/models/{model}/native.json" for model in sorted(models)]

    def exports(self, wildcards: Wildcards) -> list[str]:
        """The records that tell of the graphs, without a tail, of the suite's networks."""
        timed = (case for case in self._run.timed(wildcards) if not case.native)
        requests = {(case.request.model, case.request.input_key) for case in timed}
        return [f"results/models/{model}/{key}/none/fp32.json" for model, key in sorted(requests)]

    def environments(self, wildcards: Wildcards) -> list[str]:
        """The environments in which the suite was timed, and what they tell of the machine."""
        names = {case.environment for case in self._run.timed(wildcards)}
        return [self._environments.on_device(name) for name in sorted(names)]

    def fidelities(self, wildcards: Wildcards) -> list[str]:
        timed = self._run.timed(wildcards)
        graphs = {case.graph for case in timed if not case.native}
        return sorted(f"results/models/{_fidelity(graph)}.json" for graph in graphs)

    def engine_fidelities(self, wildcards: Wildcards) -> list[str]:
        """Of the cases whose engine's own output is the answer."""
        device = self._run.device.device
        return [
            f"results/{device}/fidelity/{case.request.block}/{case.name}.json"
            for case in self._run.timed(wildcards)
            if case.request.post == "none"
        ]

    def settings_json(self) -> str:
        """What was asked of the run and decides its numbers, as the page tells it."""
        return self._run.settings.model_dump_json(exclude=HOW_IT_IS_REACHED)

    def reports(self) -> list[str]:
        return [f"results/{self._run.device.device}/reports/{one}.md" for one in self._run.plans]

    def comparisons(self) -> list[str]:
        device = self._run.device.device
        return [f"results/{device}/comparisons/{suite}.json" for suite in self._run.plans]


def _fidelity(graph: str) -> str:
    """Where a graph's fidelity lies: in a folder of its own beside the tails."""
    model, input_key, tail, precision = graph.split("/")
    return f"{model}/{input_key}/fidelity/{tail}/{precision}"
