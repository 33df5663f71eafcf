"""TensorFlow, running a SavedModel's function as the framework itself does.

Options: `threads`; `tftrt`, true to have TensorRT compute what it can of the graph (TF-TRT), which
takes a build of TensorFlow with it; and `xla`, what of the graph XLA compiles (auto-clustering):

`none`      nothing
`gpu`       what runs on a GPU; without one, nothing
`gpu+cpu`   what runs on the CPU as well

XLA reads its flags once, so that they are set before TensorFlow is imported. It is made to dump
what it compiles: as many clusters as it compiled, so many files there are of what they were before
its optimisations.

What is timed is the call of the function, as long as it takes until it returns (`latency_call`);
the outputs stay where TensorFlow has them.
"""

import collections
import glob
import os
import shutil
import tempfile

import numpy as np

from retable_runner import backends, contract
from retable_runner.errors import Unavailable, Unsupported

SETTINGS = {
    "none": "",
    "gpu": "--tf_xla_auto_jit=2",
    "gpu+cpu": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
}
GRAPH = "saved_model.pb"
SIGNATURE = "serving_default"
CUDA_VERSIONS = ("cuda_version", "cudnn_version")  # as TensorFlow's build calls them
UNOPTIMISED = ".before_optimizations.txt"  # of the files that XLA dumps of each cluster, the first
_dumps = []  # the folder that XLA dumps into, for the rest of the process


def prepare(options):
    """Set XLA's flags; Unsupported for a setting that is none."""
    setting = options.get("xla", "none")
    if setting not in SETTINGS:
        raise Unsupported(
            "tensorflow has the XLA settings {}, not {!r}".format(", ".join(SETTINGS), setting)
        )
    os.environ["TF_XLA_FLAGS"] = SETTINGS[setting]
    if SETTINGS[setting]:
        _dumps.append(tempfile.TemporaryDirectory(prefix="retable-xla-"))
        dump = "--xla_dump_to={} --xla_dump_hlo_as_text".format(_dumps[-1].name)
        os.environ["XLA_FLAGS"] = (os.environ.get("XLA_FLAGS", "") + " " + dump).strip()


def versions():
    """Return the versions of TensorFlow, and of the CUDA that it was built for."""
    tf = _library()
    built = tf.sysconfig.get_build_info()
    found = {"tensorflow": tf.__version__}
    found.update({name.partition("_")[0]: built[name] for name in CUDA_VERSIONS if name in built})
    return found


def _library():
    import tensorflow

    return tensorflow


def build(sources, precision, options, folder):
    """Take the SavedModel as it is, its files under their names in it. Precision: fp32.

    With TF-TRT, one in which TensorRT's engines stand for parts of the graph; Unavailable where
    this build of TensorFlow has none.
    """
    if precision != "fp32":
        raise Unsupported(
            "tensorflow runs the native weights, which are fp32, not {}".format(precision)
        )
    if GRAPH not in sources:
        raise Unsupported("this model's native files hold no SavedModel")
    if options.get("tftrt", False):
        return _converted(sources, folder)
    return _all_placed(sources, folder), {}


def _converted(sources, folder):
    """Have TF-TRT convert the SavedModel; return the files of the new one, and how."""
    tf = _library()
    if not tf.sysconfig.get_build_info()["is_tensorrt_build"]:
        raise Unavailable("this build of TensorFlow {} has no TF-TRT".format(tf.__version__))
    with tempfile.TemporaryDirectory(dir=folder) as native:
        _all_placed(sources, native)
        converter = tf.experimental.tensorrt.Converter(
            input_saved_model_dir=native, precision_mode="FP32"
        )
        converter.convert()
        converter.save(folder)
    found = glob.glob(os.path.join(glob.escape(folder), "**", "*"), recursive=True)
    files = {os.path.relpath(path, folder): path for path in found if os.path.isfile(path)}
    return files, {"tftrt": "FP32"}


def _all_placed(sources, folder):
    return {name: _placed(path, os.path.join(folder, name)) for name, path in sources.items()}


def _placed(source, path):
    """Link the file, or copy it where another file system is; return its path."""
    with contract.replacing(path) as temporary:
        os.unlink(temporary)
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)
    return path


def load(files, options):
    """Load the SavedModel; its function of one image is the engine."""
    tf = _library()
    threads = backends.threads(options)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:  # else each launch takes the whole memory
        tf.config.experimental.set_memory_growth(gpu, True)
    module = tf.saved_model.load(os.path.dirname(files[GRAPH]))
    if SIGNATURE not in module.signatures:
        raise Unsupported("the SavedModel has no signature {!r}".format(SIGNATURE))
    facts = {
        "threads": threads,
        "device": _device(tf, gpus),
        "xla": options.get("xla", "none"),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "TensorFlow's default"),
    }
    return Engine(tf, module, facts)


def _device(tf, gpus):
    if not gpus:
        return "CPU"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


class Engine(object):
    """A SavedModel's function, and the tensors that it is called with."""

    def __init__(self, tf, module, facts):
        self.facts = facts
        self._tf = tf
        self._module = module  # owns the variables, which the function does not keep alive
        self._function = module.signatures[SIGNATURE]
        self.outputs = sorted(self._function.structured_outputs)
        self._feeds = {}
        self._smallest = None

    def bind(self, feeds):
        """Make the inputs tensors in host memory; ValueError for a sample that does not fit."""
        _, wanted = self._function.structured_input_signature
        with self._tf.device("CPU:0"):
            self._feeds = {
                name: self._tf.constant(
                    backends.matching(feeds, name, spec.dtype.as_numpy_dtype, _shape(spec))
                )
                for name, spec in wanted.items()
            }

    def call(self):
        """Call the function, without any wait of our own; return its outputs by name."""
        return self._function(**self._feeds)

    def settle(self, found):
        """Wait until what `call` returned is there: a GPU may still be at work."""
        if self._smallest is None:
            self._smallest = min(found, key=lambda name: int(np.prod(found[name].shape)))
        found[self._smallest].numpy()

    def run(self):
        """Call the function and return the outputs, copied to arrays."""
        found = self.call()
        return [found[name].numpy() for name in self.outputs]

    def compiled(self):
        """Return {"clusters": how many XLA has compiled, "seconds": the time that it took}."""
        folder = _dumps[-1].name if _dumps else ""
        return clusters_in(folder)


def _shape(spec):
    return tuple(spec.shape.as_list())


def clusters_in(folder):
    """Read a folder that XLA dumped into: how many clusters, and from the first to the last file
    of each, in seconds, added up.
    """
    times = collections.defaultdict(list)
    for path in glob.glob(os.path.join(glob.escape(folder), "module_*")) if folder else ():
        name = os.path.basename(path)
        times[name.split(".")[0]].append((os.path.getmtime(path), name))
    compiled = [
        files for files in times.values() if any(name.endswith(UNOPTIMISED) for _, name in files)
    ]
    seconds = sum(max(files)[0] - min(files)[0] for files in compiled)
    return {"clusters": len(compiled), "seconds": round(seconds, 3)}
