"""Planted faults in a real chain: Fast-SCNN as trained on streets, its graph, INT8, its engine.

Each chain runs by the packages' own jobs; what fidelity finds goes to `retable.comparing.stages`,
which must name the stage at which the fault was planted, and none where none was.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from retable.comparing.stages import Stage, drops
from retable.config.load import load_configuration
from retable.contract import Artifact, InputShape, Result
from retable.jobs.build import BuildJob
from retable.jobs.fidelity import FidelityJob
from retable.jobs.precision import PrecisionJob
from retable.jobs.predict import PredictJob
from retable.jobs.prepare import PrepareJob
from retable.jobs.sample import SampleJob
from retable_data import streets
from retable_export import graphs, samples
from retable_export.contract import artifact
from retable_runner.preparation import prepared

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "data" / "embedded" / "fast-scnn-streets.pt"
HEIGHT, WIDTH = 192, 384
SHAPE = InputShape(height=HEIGHT, width=WIDTH)
SEED = 20211
TAIL = "argmax"
LAST = "classifier.conv.1.weight"


def pictures(split, count, path):
    drawn = [streets.draw(SEED, split, number, HEIGHT, WIDTH)[0] for number in range(count)]
    np.save(path, np.stack(drawn))
    return artifact(path)


class Engines:
    """The runner in the CPU environment."""

    def __init__(self, folder):
        self.folder = folder
        self.python = os.environ.get("RETABLE_CPU_PYTHON")
        if not self.python:
            pytest.skip("RETABLE_CPU_PYTHON names no interpreter with onnxruntime and openvino")

    def run(self, job):
        """Run a job of the runner; return its result."""
        paths = [self.folder / name for name in ("runner-job.json", "runner-result.json")]
        paths[0].write_text(job.model_dump_json(by_alias=True))
        done = subprocess.run(
            [self.python, "-m", "retable_runner", *map(str, paths)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        result = Result.model_validate(json.loads(paths[1].read_text()))
        assert result.outcome == "ok", result.reason
        return result

    def outputs(self, backend, graph, precision, sample):
        """Build a graph and run it on the sample; return what came out, by name."""
        engine = self.run(
            BuildJob(
                backend=backend,
                source={"onnx": graph},
                precision=precision,
                options={},
                folder=str(self.folder / backend),
            )
        )
        found = self.run(
            PredictJob(
                backend=backend,
                engine=engine.artifacts,
                options={},
                post="none",
                pictures=None,
                preparation=None,
                sample=sample,
                input=SHAPE,
                keep="outputs",
                folder=str(self.folder / backend / "found"),
            )
        )
        return found.artifacts


class Faulty:
    """The chain of one case, with places for faults; `stages` runs what follows them."""

    def __init__(self, chain, folder):
        self.chain, self.folder = chain, folder
        self.drawn = pictures("val", 1, folder / "val.npy")
        self.native = self.made(chain.native("official", {"weights": artifact(WEIGHTS)})).artifacts
        options = {"exporter": "fast_scnn", "options": chain.options}
        self.sample = self.made(
            chain.run(
                SampleJob(
                    input=SHAPE,
                    seed=SEED,
                    pictures=self.drawn,
                    sample=str(folder / "sample.npz"),
                    **options,
                )
            )
        )
        self.reference = self.made(chain.reference(self.native, self.sample, HEIGHT, WIDTH))
        self.exported = self.made(chain.export(self.native, HEIGHT, WIDTH)).artifacts["onnx"]
        self.calibration = self.made(
            chain.run(
                PrepareJob(
                    pictures=pictures("calibration", 4, folder / "calibration.npy"),
                    tensors=str(folder / "calibration.npz"),
                    **options,
                )
            )
        ).artifacts["tensors"]

    @staticmethod
    def made(result):
        assert result.outcome == "ok", result.reason
        return result

    def facts(self, tail, **compared):
        given = {"reference": self.reference.artifacts["reference"], **compared}
        return self.made(self.chain.run(FidelityJob(tail=tail, **given))).facts

    def input(self, **changes):
        """The stage `input`: what the runner makes of the picture, beside what torch made."""
        preparation = load_configuration(ROOT).models["fast-scnn"].preparation.model_dump()
        tensors = prepared(np.load(self.drawn["path"]), {**preparation, **changes})
        path = self.folder / "prepared.npz"
        samples.save_arrays(tensors, path)
        found = {name: artifact(path) for name in tensors}
        sample = self.sample.artifacts["sample"]
        return Stage("input", "fp32", self.facts("none", found=found, reference=sample))

    def graph_stages(self, exported=None, calibration=None):
        """The stages of the graph: as exported, with a tail, in INT8; and INT8's file."""
        exported = exported or self.exported
        sample = self.sample.artifacts["sample"]
        tail = self.made(self.chain.tail(TAIL, exported)).artifacts["onnx"]
        job = PrecisionJob(
            precision="int8",
            source=tail,
            onnx=str(self.folder / "int8.onnx"),
            calibration=calibration or self.calibration,
        )
        quantized = self.made(self.chain.run(job)).artifacts["onnx"]
        behind = {"plain": exported, "sample": sample}
        return [
            Stage("export", "fp32", self.facts("none", graph=exported, sample=sample)),
            Stage("tail", "fp32", self.facts(TAIL, graph=tail, **behind)),
            Stage("precision", "int8", self.facts(TAIL, graph=quantized, **behind)),
        ], quantized

    def engine(self, quantized, found):
        """The stage `engine`: what an engine gave of the sample, beside what the graph gives."""
        given = {"plain": self.exported, "sample": self.sample.artifacts["sample"]}
        return Stage("engine", "int8", self.facts(TAIL, graph=quantized, found=found, **given))


@pytest.fixture(scope="module")
def case(chain_in, torch_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    return Faulty(chain_in(folder, "fast_scnn", torch_python), folder)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_healthy_chain_drops_nowhere(case, tmp_path, backend):
    engines = Engines(tmp_path)
    stages, quantized = case.graph_stages()
    found = engines.outputs(backend, quantized, "int8", case.sample.artifacts["sample"])
    stages = [case.input(), *stages, case.engine(quantized, found)]
    assert drops(stages) == [], [(one.name, one.facts) for one in stages]
    by_name = {one.name: one.facts for one in stages}
    assert by_name["tail"]["agreement"] > by_name["precision"]["agreement"] > 0.95
    assert by_name["precision"]["miou"] > 0.8
    assert by_name["engine"]["against_graph"]["agreement"] > 0.98
    assert by_name["export"]["relative"] < 1e-5


@pytest.mark.parametrize("layer", [0, 20, -1])
def test_one_weight_changed_after_export_is_the_exports(case, tmp_path, layer):
    model = onnx.load(case.exported.path)
    convolutions = [node.input[1] for node in model.graph.node if node.op_type == "Conv"]
    (weight,) = [one for one in model.graph.initializer if one.name == convolutions[layer]]
    values = numpy_helper.to_array(weight).copy()
    values.reshape(-1)[0] += 0.5 * np.abs(values).max()
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    graphs.save(model, tmp_path / "changed.onnx")
    changed = Artifact.model_validate(artifact(tmp_path / "changed.onnx"))
    stages, _ = case.graph_stages(exported=changed)
    assert drops([case.input(), *stages])[0].stage == "export"


@pytest.mark.parametrize(
    "wrong",
    [{"order": "bgr"}, {"divide": 1.0}, {"mean": (0.5, 0.5, 0.5)}, {"std": (0.229, 0.224, 0.23)}],
)
def test_pictures_prepared_otherwise_are_the_inputs(case, wrong):
    stages, _ = case.graph_stages()
    assert drops([case.input(**wrong), *stages])[0].stage == "input"


@pytest.mark.parametrize("scale", [1 / 255, 1 / 20, 64.0])
def test_calibration_on_data_of_another_scale_is_the_precisions(case, tmp_path, scale):
    with np.load(case.calibration.path) as arrays:
        samples.save_arrays({"image": scale * arrays["image"]}, tmp_path / "wrong.npz")
    wrong = Artifact.model_validate(artifact(tmp_path / "wrong.npz"))
    stages, _ = case.graph_stages(calibration=wrong)
    drop = drops([case.input(), *stages])[0]
    assert drop.stage == "precision"
    assert drop.lost > 0.1


def test_an_engine_of_another_graph_is_the_engines(case, tmp_path):
    stages, quantized = case.graph_stages()
    broken = onnx.load(quantized.path)
    (classifier,) = [one for one in broken.graph.initializer if one.name == LAST]
    values = numpy_helper.to_array(classifier)
    classifier.CopyFrom(numpy_helper.from_array(values[::-1].copy(), LAST))  # other classes
    graphs.save(broken, tmp_path / "broken.onnx")
    other = Artifact.model_validate(artifact(tmp_path / "broken.onnx"))
    sample = case.sample.artifacts["sample"]
    found = Engines(tmp_path).outputs("onnxruntime", other, "int8", sample)
    assert drops([case.input(), *stages, case.engine(quantized, found)])[0].stage == "engine"
