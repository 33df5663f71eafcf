"""ONNX Runtime on the CPU: the graph is optimised and saved once, then run as saved.

`run()` of a session copies its outputs; here both ends are bound to numpy memory (IOBinding).
"""

import os

import numpy as np

from retable_runner import backends, contract
from retable_runner.errors import Unsupported

PROVIDER = "CPUExecutionProvider"
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
    """Save the graph with all optimisations for this CPU: engine.onnx. Precision: fp32 only."""
    import onnxruntime

    if precision != "fp32":
        # Most of its CPU kernels exist in fp32 alone: an fp16 graph runs as fp32 between casts.
        raise Unsupported(
            "ONNX Runtime's CPU provider is timed in fp32 only: it would not compute in {}".format(
                precision
            )
        )
    path = os.path.join(folder, "engine.onnx")
    with contract.replacing(path) as temporary:
        session = _session_options(onnxruntime, options)
        session.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session.optimized_model_filepath = temporary
        onnxruntime.InferenceSession(sources["onnx"], session, providers=[PROVIDER])
    return {"engine": path}, {"optimization": "ORT_ENABLE_ALL"}


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
