"""torch on an NVIDIA GPU, running what `native/` holds: a TorchScript program of any input size.

A program needs none of the network's code. Options: `mode`: `eager` (the default: TorchScript's
interpreter with its fusing optimiser off, so that each operator is a kernel as in Python, without
Python's time between them) or `cuda_graph` (the same kernels, captured once and replayed).
FP32 is FP32: TF32 is off for products; how convolutions run (TF32, cuDNN's autotuner) was traced
into the program, and is read from it.
"""

import contextlib
import os
import shutil

import numpy as np

from retable_runner import contract, cuda, device
from retable_runner.errors import Unavailable, Unsupported

MEMORY = device
MODES = ("eager", "cuda_graph")
CAPTURE_WARMUP = 3  # inferences before a capture: torch.cuda.graph's own documentation


def versions():
    """Return the versions of torch and of CUDA; ImportError without them."""
    torch = _library()
    return dict(cuda.versions(), torch=torch.__version__, cudnn=str(torch.backends.cudnn.version()))


def _library():
    import torch

    if torch.version.cuda is None:
        raise ImportError("this torch {} is built without CUDA".format(torch.__version__))
    return torch


def build(sources, precision, options, folder):
    """Take the native program as it is: engine.pt. Precision: fp32."""
    if precision != "fp32":
        raise Unsupported("torch runs the native weights, which are fp32, not {}".format(precision))
    if "program" not in sources:
        raise Unsupported("this model's native files hold no TorchScript program")
    path = os.path.join(folder, "engine.pt")
    with contract.replacing(path) as temporary:
        shutil.copyfile(sources["program"], temporary)
    return {"engine": path}, {}


def load(files, options, gpu):
    """Load the program onto the GPU; Unsupported for a mode that is none."""
    torch = _library()
    mode = options.get("mode", MODES[0])
    if mode not in MODES:
        raise Unsupported("torch has the modes {}, not {!r}".format(" and ".join(MODES), mode))
    if not torch.cuda.is_available():
        raise Unavailable("torch {} finds no CUDA device".format(torch.__version__))
    torch.backends.cuda.matmul.allow_tf32 = False
    program = torch.jit.load(files["engine"], map_location=_place()).eval()
    return Engine(torch, program, mode, gpu)


class _Memory(object):
    """Device memory as the CUDA array interface (version 3) describes it, not owned."""

    def __init__(self, address, port):
        self.__cuda_array_interface__ = {
            "shape": port.shape,
            "typestr": port.dtype.str,
            "data": (address, False),
            "strides": None,
            "version": 3,
        }


class Engine(object):
    """A program on the GPU's stream. Inputs go in by the order of the sample's arrays."""

    def __init__(self, torch, program, mode, gpu):
        self.facts = {
            "threads": torch.get_num_threads(),
            "device": gpu.facts["name"],
            "mode": mode,
            "convolutions": convolutions(program),  # first: unoptimised, it shows no calls' insides
        }
        self._torch = torch
        self._program = program
        self._attach = {"eager": self._eager, "cuda_graph": self._captured}[mode]
        self._inputs = []
        self._stream = torch.cuda.ExternalStream(gpu.handle)
        # Entered once, and for the process: entering them takes as long as launching some kernels.
        self._contexts = contextlib.ExitStack()
        self._contexts.enter_context(torch.cuda.stream(self._stream))
        self._contexts.enter_context(torch.inference_mode())
        self._contexts.enter_context(torch.jit.optimized_execution(False))

    def ports(self, feeds):
        """Return the ports; the outputs are learnt by running the program once."""
        self._inputs = [cuda.Port(name, array.dtype, array.shape) for name, array in feeds.items()]
        arrays = [self._torch.from_numpy(np.array(array)).cuda() for array in feeds.values()]
        found = [output.cpu().numpy() for output in self._run(arrays)]
        return self._inputs, [
            cuda.Port("output{}".format(index), array.dtype, array.shape)
            for index, array in enumerate(found)
        ]

    def attach(self, inputs):
        """Bind the addresses of the inputs; return `enqueue`. The outputs are torch's own."""
        tensors = [
            self._torch.as_tensor(_Memory(address, port), device=_place())
            for address, port in zip(inputs, self._inputs)  # noqa: B905 - Python 3.6
        ]
        return self._attach(tensors)

    def _eager(self, tensors):
        last = []  # keeps the outputs' memory until the next call

        def enqueue():
            last[:] = self._run(tensors)
            return [output.data_ptr() for output in last]

        return enqueue

    def _captured(self, tensors):
        for _ in range(CAPTURE_WARMUP):
            self._run(tensors)
        graph = self._torch.cuda.CUDAGraph()
        with self._torch.cuda.graph(graph, stream=self._stream):
            outputs = self._run(tensors)
        addresses = [output.data_ptr() for output in outputs]

        def enqueue(outputs=outputs):  # which keeps their memory
            graph.replay()
            return addresses

        return enqueue

    def _run(self, tensors):
        found = self._program(*tensors)
        outputs = [found] if self._torch.is_tensor(found) else list(found)
        return [output.contiguous() for output in outputs]


def convolutions(program):
    """Count the convolutions of a program, those with TF32, and those that cuDNN's tuner chooses.

    Their flags are inputs 9 and 12 of aten::_convolution (native_functions.yaml).
    """
    graph = program.inlined_graph  # kept: its nodes do not outlive it
    found = graph.findAllNodes("aten::_convolution")
    inputs = [list(node.inputs()) for node in found]
    return {
        "count": len(found),
        "tf32": sum(bool(each[12].toIValue()) for each in inputs),
        "autotuned": sum(bool(each[9].toIValue()) for each in inputs),
    }


def _place():
    return "cuda:{}".format(cuda.DEVICE)
