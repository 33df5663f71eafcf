"""ONNX Runtime on the CPU: the graph is optimised and saved once, then run as saved.

`run()` of a session copies its outputs; here both ends are bound to numpy memory (IOBinding).
INT8 is a Q/DQ graph whose activations are made unsigned first (see `qdq`), which needs onnx.
"""

import os
import tempfile

import numpy as np

from retable_runner import backends, contract, ort_profile, qdq
from retable_runner.errors import Unsupported

PROVIDER = "CPUExecutionProvider"
PRECISIONS = ("fp32", "int8")
QUIET = 3  # errors only: the saved graph is meant for this machine, which it would warn of
DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def versions():
    """Return the version of ONNX Runtime."""
    import onnxruntime

    return {"onnxruntime": onnxruntime.__version__}


def build(sources, precision, options, folder):
    """Save the graph with all optimisations for this CPU: engine.onnx. Precision: fp32, int8.

    An INT8 graph is run once, on zeros, with the profiler: Unsupported is raised if most of its
    heavy nodes do not compute in INT8; the facts say what each did (see `ort_profile`).
    """
    if precision not in PRECISIONS:
        # Most of its CPU kernels exist in fp32 alone: an fp16 graph runs as fp32 between casts.
        raise Unsupported(
            "ONNX Runtime's CPU provider is timed in {}: it would not compute in {}".format(
                " and ".join(PRECISIONS), precision
            )
        )
    path = os.path.join(folder, "engine.onnx")
    facts = {"optimization": "ORT_ENABLE_ALL"}
    with tempfile.TemporaryDirectory(dir=folder) as scratch, contract.replacing(path) as temporary:
        if precision == "int8":
            source = os.path.join(scratch, "unsigned.onnx")
            facts["unsigned_activations"] = qdq.make_unsigned(sources["onnx"], source)
            session = _saved(source, temporary, options, os.path.join(scratch, "profile"))
            inputs = [(port.name, _dtype(port), port.shape) for port in session.get_inputs()]
            facts.update(ort_profile.profiled(session, ort_profile.zeros(inputs)))
            ort_profile.check_precision(facts["heavy_precisions"], precision)
        else:
            _saved(sources["onnx"], temporary, options)
    return {"engine": path}, facts


def _saved(source, target, options, profile=None):
    """Open a session that saves its optimised graph; `profile` is a path's beginning, or None."""
    import onnxruntime

    settings = _session_options(onnxruntime, options)
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.optimized_model_filepath = target
    if profile is not None:
        settings.enable_profiling = True
        settings.profile_file_prefix = profile
    return onnxruntime.InferenceSession(source, settings, providers=[PROVIDER])


def load(files, options):
    """Open a session on the saved graph, with nothing left to optimise."""
    import onnxruntime

    session = _session_options(onnxruntime, options)
    session.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return Engine(onnxruntime.InferenceSession(files["engine"], session, providers=[PROVIDER]))


def _session_options(onnxruntime, options):
    session = onnxruntime.SessionOptions()
    session.log_severity_level = QUIET
    session.intra_op_num_threads = backends.threads(options)
    session.inter_op_num_threads = 1
    return session


class Engine(object):
    """A session whose inputs and outputs are bound to numpy arrays."""

    def __init__(self, session):
        self._session = session
        self._binding = session.io_binding()
        self._held = []  # the bound memory, which the binding does not keep alive
        self._arrays = []
        self.outputs = [output.name for output in session.get_outputs()]
        used = session.get_session_options()
        self.facts = {
            "threads": used.intra_op_num_threads,
            "inter_op_threads": used.inter_op_num_threads,
            "device": ", ".join(session.get_providers()),
            "spinning": "default",  # session.intra_op.allow_spinning is left as it comes
        }

    def bind(self, feeds):
        """Bind the inputs, and outputs allocated once; ValueError for a sample that does not fit.

        An output whose shape the graph leaves open is run once to learn it: the input is fixed.
        """
        inputs = {}
        for wanted in self._session.get_inputs():
            inputs[wanted.name] = backends.matching(
                feeds, wanted.name, _dtype(wanted), [_size(size) for size in wanted.shape]
            )
        outputs = self._session.get_outputs()
        shapes = [[_size(size) for size in output.shape] for output in outputs]
        if any(None in shape for shape in shapes):
            shapes = [array.shape for array in self._session.run(None, inputs)]
        self._arrays = [
            np.empty(shape, _dtype(output))
            for shape, output in zip(shapes, outputs)  # noqa: B905 - Python 3.6
        ]
        self._held = list(inputs.values())
        for name, array in inputs.items():
            self._binding.bind_input(*_buffer(name, array))
        for index, array in enumerate(self._arrays):
            self._binding.bind_output(*_buffer(self.outputs[index], array))

    def run(self):
        """Run once, into the same arrays each time, and return them."""
        self._session.run_with_iobinding(self._binding)
        return self._arrays


def _buffer(name, array):
    return name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data


def _dtype(port):
    if port.type not in DTYPES:
        raise Unsupported("{!r} is {}, which cannot be timed here".format(port.name, port.type))
    return DTYPES[port.type]


def _size(size):
    return size if isinstance(size, int) else None  # a name or None: the graph leaves it open
