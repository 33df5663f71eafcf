"""Running an engine of TensorRT on the GPU's stream."""

from typing import TYPE_CHECKING

import numpy as np

from retable_runner import backends, cuda
from retable_runner.errors import Unsupported
from retable_runner.trt import library
from retable_runner.trt.bindings import NumberedBindings

if TYPE_CHECKING:
    import tensorrt

    from retable_runner.trt.library import Library


def load(trt: "Library", files, gpu):
    """Return the engine in the file "engine".

    RuntimeError, with TensorRT's words, for a file that is truncated, damaged, or of another
    version of TensorRT; Unsupported for one that this GPU cannot run.
    """
    words = library.Words()
    logger = library.logger_of(trt, words)
    runtime = library.started(trt.Runtime, words, logger)
    with open(files["engine"], "rb") as stream:
        content = stream.read()
    loaded = runtime.deserialize_cuda_engine(content) if content else None
    if loaded is None:
        raise refusal(trt, runtime, content, words)
    return Engine(trt, loaded, words, gpu)


def refusal(trt: "Library", runtime, content, words):
    """Return the exception for an engine that TensorRT did not load."""
    told = "TensorRT {} cannot load this engine: {}".format(
        trt.__version__, words.cause() if content else "the file is empty"
    )
    return Unsupported(told) if _is_for_other_gpus(trt, runtime, content) else RuntimeError(told)


def _is_for_other_gpus(trt, runtime, content):
    """Ask TensorRT-RTX whether the engine is whole, and only not for this GPU."""
    if not content or not hasattr(runtime, "get_engine_validity"):
        return False
    _, diagnostics = runtime.get_engine_validity(content)
    return bool(int(diagnostics) & int(trt.EngineInvalidityDiagnostics.UNSUPPORTED_CC))


class Engine(object):
    """A deserialized engine; each time it is attached it gets an execution context of its own."""

    def __init__(self, trt: "Library", loaded: "tensorrt.ICudaEngine", words, gpu):
        self._words = words
        self._gpu = gpu
        self._held = []  # type: ignore[var-annotated]  # memory that contexts do not keep alive
        named = hasattr(loaded, "num_io_tensors")  # since TensorRT 8.5
        self._tensors = NamedTensors(trt, loaded) if named else NumberedBindings(loaded)
        self._inputs = []  # type: ignore[var-annotated]
        self._outputs = []  # type: ignore[var-annotated]
        self.facts = {
            "threads": 1,
            "device": gpu.facts["name"],
            "tensorrt": trt.__version__,
            "layers": loaded.num_layers,
            "scratch_bytes": _scratch_bytes(loaded),
        }

    def ports(self, feeds):
        """Return the ports for these inputs; ValueError for a sample that does not fit."""
        self._inputs = []
        for port in self._tensors.inputs:
            array = backends.matching(feeds, port.name, port.dtype, port.shape)
            self._inputs.append(cuda.Port(port.name, port.dtype, array.shape))
        shapes = self._tensors.output_shapes(self._context())
        self._outputs = [
            cuda.Port(port.name, port.dtype, shape)
            for port, shape in zip(self._tensors.outputs, shapes)  # noqa: B905 - Python 3.6
        ]
        for port in self._outputs:
            if None in port.shape:
                raise Unsupported(
                    "output {!r} has a size that only its values tell".format(port.name)
                )
        return self._inputs, self._outputs

    def attach(self, inputs):
        """Bind the addresses of the inputs, and outputs allocated here; return `enqueue`."""
        context = self._context()
        outputs = []
        for port in self._outputs:
            memory = self._gpu.allocate(int(np.prod(port.shape)) * port.dtype.itemsize)
            self._held.append(memory)
            outputs.append(int(memory))
        execute = self._tensors.bound(context, inputs, outputs)
        handle = self._gpu.handle

        def enqueue():
            if not execute(handle):
                raise RuntimeError(self._words.cause())
            return outputs

        return enqueue

    def _context(self):
        """Return a new execution context, the sizes of its inputs set."""
        context = self._tensors.new_context()
        if context is None:
            raise RuntimeError("TensorRT made no execution context: {}".format(self._words.cause()))
        if context.active_optimization_profile < 0:
            # Before TensorRT 10 a profile belongs to one context at a time.
            raise Unsupported("this engine has one optimisation profile, and a binding holds it")
        self._tensors.set_sizes(context, [port.shape for port in self._inputs])
        return context


def _scratch_bytes(loaded):
    """Return the device memory that each execution context takes."""
    newer = getattr(loaded, "device_memory_size_v2", None)  # since 10.1; the other is gone in 11
    return int(loaded.device_memory_size if newer is None else newer)


class NamedTensors(object):
    """An engine's inputs and outputs, by name: TensorRT 8.5 and later."""

    def __init__(self, trt: "Library", loaded: "tensorrt.ICudaEngine"):
        self._loaded = loaded
        self.inputs = []  # type: ignore[var-annotated]
        self.outputs = []  # type: ignore[var-annotated]
        for index in range(loaded.num_io_tensors):
            name = loaded.get_tensor_name(index)
            is_input = loaded.get_tensor_mode(name) == trt.TensorIOMode.INPUT
            port = cuda.Port(
                name,
                library.dtype_of(name, loaded.get_tensor_dtype(name)),
                library.shape_of(loaded.get_tensor_shape(name)),
            )
            (self.inputs if is_input else self.outputs).append(port)

    def new_context(self):
        """Return an execution context; None where TensorRT makes none."""
        return self._loaded.create_execution_context()

    def set_sizes(self, context: "tensorrt.IExecutionContext", shapes):
        """Set the sizes of the inputs; ValueError for those that the profile does not have."""
        for port, shape in zip(self.inputs, shapes):  # noqa: B905 - Python 3.6
            if not context.set_input_shape(port.name, tuple(shape)):
                raise ValueError(library.outside_profile(port.name, shape))

    def output_shapes(self, context: "tensorrt.IExecutionContext"):
        """Return the shapes of the outputs for the sizes set."""
        return [library.shape_of(context.get_tensor_shape(port.name)) for port in self.outputs]

    def bound(self, context: "tensorrt.IExecutionContext", inputs, outputs):
        """Set all addresses; return `execute(handle) -> bool`: one inference, put on a stream."""
        for port, address in zip(self.inputs + self.outputs, inputs + outputs):  # noqa: B905
            context.set_tensor_address(port.name, address)
        return context.execute_async_v3
