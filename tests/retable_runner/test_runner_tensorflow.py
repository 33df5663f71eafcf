"""The backend tensorflow: what it sets, links and counts; and real SavedModels under XLA."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from retable.contract import Artifact
from retable.jobs.build import BuildJob
from retable.jobs.launch import LaunchJob
from retable.local import LocalPlace
from retable.places import run_job
from retable_runner.backends import tensorflow
from retable_runner.errors import Unsupported

FILES = ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001")
BIG_BYTES = 6 << 30

# In the environment: small SavedModels with the interface of the detection zoo's.
MAKE = """
import sys
import tensorflow as tf

class Network(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(tf.random.stateless_normal([3, 3, 3, 8], [1, 2]))

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor")])
    def sound(self, input_tensor):
        features = tf.nn.conv2d(tf.cast(input_tensor, tf.float32) / 255, self.kernel, 1, "SAME")
        features = tf.nn.relu(features) * 2 + tf.nn.sigmoid(features)
        return {"scores": tf.reduce_mean(features, [1, 2]), "features": features}

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor")])
    def broken(self, input_tensor):
        features = tf.nn.conv2d(tf.cast(input_tensor, tf.float32), self.kernel, 1, "SAME")
        return {"scores": tf.reshape(features, [tf.shape(features)[1] + 1, 7])}

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor")])
    def hungry(self, input_tensor):
        many = tf.cast(tf.shape(input_tensor)[1], tf.int64) * BIG // 4 // 16
        zeros = tf.fill([many], tf.cast(input_tensor[0, 0, 0, 0], tf.float32))
        return {"scores": tf.reduce_sum(tf.sort(zeros)) + tf.reduce_sum(self.kernel)}

network = Network()
for name in ("sound", "broken", "hungry"):
    tf.saved_model.save(network, sys.argv[1] + "/" + name, signatures=getattr(network, name))
""".replace("BIG", str(BIG_BYTES))


@pytest.fixture
def surroundings(monkeypatch):
    """The process's environment without XLA's variables; what a test sets is taken back."""
    for name in ("TF_XLA_FLAGS", "XLA_FLAGS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(tensorflow, "_dumps", [])
    return os.environ


@pytest.mark.parametrize(
    ("setting", "flags"),
    [
        ("none", ""),
        ("gpu", "--tf_xla_auto_jit=2"),
        ("gpu+cpu", "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"),
    ],
)
def test_a_setting_is_the_flags_that_the_document_names(surroundings, setting, flags):
    tensorflow.prepare({"xla": setting})
    assert surroundings["TF_XLA_FLAGS"] == flags
    assert ("--xla_dump_to=" in surroundings.get("XLA_FLAGS", "")) == (setting != "none")


def test_what_stood_in_xla_flags_stays(surroundings):
    surroundings["XLA_FLAGS"] = "--xla_gpu_cuda_data_dir=/cuda"
    tensorflow.prepare({"xla": "gpu"})
    assert surroundings["XLA_FLAGS"].startswith("--xla_gpu_cuda_data_dir=/cuda --xla_dump_to=")


def test_an_unknown_setting_names_those_there_are(surroundings):
    with pytest.raises(Unsupported, match=r"none, gpu, gpu\+cpu, not 'tpu'"):
        tensorflow.prepare({"xla": "tpu"})


def test_a_cluster_is_counted_once_and_lasts_from_its_first_file_to_its_last(tmp_path):
    dumped = {
        "module_0001.cluster_0__Xla.11.before_optimizations.txt": 100.0,
        "module_0001.cluster_0__Xla.11.cpu_after_optimizations.txt": 101.5,
        "module_0002.cluster_1__Xla.12.before_optimizations.txt": 200.0,
        "module_0002.cluster_1__Xla.12.ir-with-opt.ll": 200.25,
        "module_0003.not_yet.txt": 300.0,
    }
    for name, time in dumped.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    assert tensorflow.clusters_in(str(tmp_path)) == {"clusters": 2, "seconds": 1.75}
    assert tensorflow.clusters_in("") == {"clusters": 0, "seconds": 0}


def test_an_engine_is_the_savedmodel_under_its_names(tmp_path):
    source = tmp_path / "native"
    sources = {}
    for name in FILES:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
        sources[name] = str(source / name)
    files, _ = tensorflow.build(sources, "fp32", {}, str(tmp_path / "engine"))
    assert set(files) == set(FILES)
    for name, path in files.items():
        assert Path(path) == tmp_path / "engine" / name
        assert Path(path).read_text() == name
    assert (tmp_path / "engine" / "variables").is_dir()


@pytest.mark.parametrize(
    ("precision", "sources", "reason"),
    [("fp16", FILES, "which are fp32, not fp16"), ("fp32", ["weights.npz"], "hold no SavedModel")],
)
def test_what_is_no_savedmodel_in_fp32_is_unsupported(tmp_path, precision, sources, reason):
    with pytest.raises(Unsupported, match=reason):
        tensorflow.build(dict.fromkeys(sources, "x"), precision, {}, str(tmp_path))


@pytest.fixture(scope="module")
def tensorflow_python():
    """An interpreter with TensorFlow."""
    python = os.environ.get("RETABLE_TENSORFLOW_PYTHON")
    if not python:
        pytest.skip("RETABLE_TENSORFLOW_PYTHON names no interpreter with tensorflow")
    return python


@pytest.fixture(scope="module")
def saved(tmp_path_factory, tensorflow_python):
    """A folder of SavedModels: `sound`, `broken` and `hungry`; and a sample."""
    folder = tmp_path_factory.mktemp("saved")
    done = subprocess.run(
        [tensorflow_python, "-c", MAKE, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    np.savez(folder / "sample.npz", input_tensor=np.full((1, 16, 24, 3), 128, np.uint8))
    return folder


@pytest.fixture
def launched(saved, tensorflow_python, tmp_path, described, quick):
    """Launch one of the SavedModels as the host does, in a memory of so many MiB."""

    def launch(name, memory_limit_mib=None, **options):
        engine = {file: Artifact(**described(saved / name / file)) for file in FILES}
        job = LaunchJob(
            backend="tensorflow",
            engine=engine,
            sample=Artifact(**described(saved / "sample.npz")),
            post="none",
            options=options,
            **quick,
        )
        place = LocalPlace(Path(tensorflow_python))
        return run_job(
            place,
            "retable_runner",
            job,
            log=tmp_path / "log",
            timeout_s=120,
            memory_limit_mib=memory_limit_mib,
        )

    return launch


@pytest.mark.real
@pytest.mark.parametrize("setting", tensorflow.SETTINGS)
def test_only_the_call_is_timed_and_clusters_are_counted(launched, setting):
    result = launched("sound", xla=setting, threads=1)
    assert result.outcome == "ok", result.reason
    assert list(result.samples) == ["latency_call"]
    assert min(result.samples["latency_call"]) > 0
    assert result.facts["threads"] == 1
    assert [one["name"] for one in result.facts["outputs"]] == ["features", "scores"]
    compilation = result.facts["compilation"]
    assert (compilation["clusters"] > 0) == (setting == "gpu+cpu")
    assert compilation["late"] == 0
    # Called again until nothing more was compiled, before the warm-up.
    assert compilation["calls"] == (2 if setting == "gpu+cpu" else 1)
    assert result.versions["tensorflow"].startswith("2.")


@pytest.mark.real
def test_a_savedmodel_that_fails_tells_what_tensorflow_says(launched):
    result = launched("broken", xla="none")
    assert result.outcome == "crashed"
    assert "Input to reshape is a tensor with 3072 values" in result.reason
    assert "\n" not in result.reason


@pytest.mark.real
def test_one_that_outgrows_its_memory_is_out_of_memory(launched):
    result = launched("hungry", memory_limit_mib=4000, xla="none")
    assert result.outcome == "out_of_memory", result.reason
    assert "OOM when allocating tensor" in result.reason


@pytest.mark.real
def test_a_process_that_xla_kills_has_crashed_and_tells_xlas_last_words(launched, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_no_such_flag=1")
    result = launched("sound", xla="gpu+cpu", threads=1)
    assert result.outcome == "crashed"
    assert "SIGABRT" in result.reason
    assert "Unknown flag" in result.reason
    assert "--xla_cpu_no_such_flag=1" in result.reason


@pytest.mark.real
def test_tensorrt_inside_tensorflow_is_unavailable_where_the_build_lacks_it(
    saved, tensorflow_python, tmp_path, described
):
    job = BuildJob(
        backend="tensorflow",
        source={file: Artifact(**described(saved / "sound" / file)) for file in FILES},
        precision="fp32",
        options={"tftrt": True},
        folder=str(tmp_path / "engine"),
    )
    result = run_job(
        LocalPlace(Path(tensorflow_python)),
        "retable_runner",
        job,
        log=tmp_path / "log",
        timeout_s=120,
    )
    assert result.outcome == "unavailable"
    assert result.reason.startswith("this build of TensorFlow 2.")
    assert result.artifacts == {}
