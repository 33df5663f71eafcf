"""torch on an NVIDIA GPU, running what `native/` holds: programs of any input size.

They need none of the network's code. Options: `mode`, of

`eager`               the default: TorchScript's interpreter with its fusing optimiser off, so that
                      each operator is a kernel as in Python, without Python's time between them
`cuda_graph`          the same kernels, captured once and replayed
`compile`             torch.export's program through torch.compile, for the sample's sizes, before
                      anything is timed. In torch.compile's default mode: max-autotune picks kernels
                      by timing them, so that each launch could be of another engine
`compile_cuda_graph`  what that made, captured once and replayed

FP32 is FP32: TF32 is off for products, and for convolutions; how those run (TF32, cuDNN's
autotuner) was traced into the TorchScript program, and is read from it.
"""

import collections
import contextlib
import os
import shutil
import time

import numpy as np

from retable_runner import contract, cuda, device, outcomes, torch_memory
from retable_runner.errors import Unavailable, Unsupported

MEMORY = device
Mode = collections.namedtuple("Mode", "form captured")  # `form`: the role of the file it runs
MODES = {
    "eager": Mode("program", False),
    "cuda_graph": Mode("program", True),
    "compile": Mode("exported", False),
    "compile_cuda_graph": Mode("exported", True),
}
FORMS = {"program": "engine.pt", "exported": "engine.pt2"}  # role: name of the file
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
    """Take the native programs as they are: the engine of every mode. Precision: fp32."""
    if precision != "fp32":
        raise Unsupported("torch runs the native weights, which are fp32, not {}".format(precision))
    found = sorted(set(FORMS) & set(sources))
    if not found:
        raise Unsupported(
            "this model's native files hold no TorchScript program and no exported one"
        )
    return {role: _copied(sources[role], os.path.join(folder, FORMS[role])) for role in found}, {}


def _copied(source, path):
    with contract.replacing(path) as temporary:
        shutil.copyfile(source, temporary)
    return path


def load(files, options, gpu):
    """Load a program onto the GPU; Unsupported for a mode that is none, or that has no program."""
    mode = options.get("mode", "eager")
    if mode not in MODES:
        raise Unsupported("torch has the modes {}, not {!r}".format(", ".join(MODES), mode))
    form = MODES[mode].form
    if form not in files:
        raise Unsupported(
            "mode {} needs the native file {!r}, which is not there".format(mode, form)
        )
    torch = _library()
    if not torch.cuda.is_available():
        raise Unavailable("torch {} finds no CUDA device".format(torch.__version__))
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    program, facts = {"program": scripted, "exported": compiled}[form](torch, files[form])
    return Engine(torch, program, dict(facts, mode=mode), gpu)


def scripted(torch, path):
    """Return a TorchScript program on the GPU, and its facts."""
    program = torch.jit.load(path, map_location=torch_memory.place()).eval()
    # Before the first call: unoptimised, the program shows no calls' insides.
    return program, {"convolutions": convolutions(program)}


def compiled(torch, path):
    """Return an exported program on the GPU, which its first call compiles, and its facts."""
    check_compilers()
    import triton
    from torch.export.passes import move_to_device_pass

    program = move_to_device_pass(exported(torch, path), torch_memory.place())
    # One graph, and of fixed sizes, or an error: nothing is left to be compiled while timed.
    call = torch.compile(program.module(), fullgraph=True, dynamic=False)
    return call, {
        "convolutions": exported_convolutions(torch, program),
        "triton": triton.__version__,
    }


def exported(torch, path):
    """Read torch.export's program, on the CPU; Unsupported where this torch cannot."""
    try:
        return torch.export.load(path)
    except Exception as error:  # whatever it meets in another version's file
        raise Unsupported(
            "torch {} cannot read the exported program: {}: {}".format(
                torch.__version__, type(error).__name__, outcomes.reason(error)
            )
        ) from error


def check_compilers():
    """Raise Unavailable where torch.compile finds no Triton for the GPU, or Triton no C compiler.

    Triton compiles what launches its kernels: with $CC, or what it finds (its runtime/build.py).
    """
    from torch.utils._triton import has_triton

    if not has_triton():
        raise Unavailable("torch.compile needs Triton, and there is none for this GPU")
    if not any(map(shutil.which, filter(None, [os.environ.get("CC"), "gcc", "clang", "cc"]))):
        raise Unavailable("torch.compile needs a C compiler, and there is none")


class Engine(object):
    """A program on the GPU's stream. Inputs go in by the order of the sample's arrays."""

    def __init__(self, torch, program, facts, gpu):
        self.facts = dict(facts, threads=torch.get_num_threads(), device=gpu.facts["name"])
        self._torch = torch
        self._program = program
        self._mode = MODES[facts["mode"]]
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
        start = time.perf_counter()
        found = [output.cpu().numpy() for output in self._run(arrays)]
        if self._mode.form == "exported":
            self.facts["compile_ms"] = round((time.perf_counter() - start) * 1e3, 6)
        return self._inputs, [
            cuda.Port("output{}".format(index), array.dtype, array.shape)
            for index, array in enumerate(found)
        ]

    def attach(self, inputs):
        """Bind the addresses of the inputs; return `enqueue`. The outputs are torch's own."""
        tensors = [
            torch_memory.tensor(self._torch, address, port)
            for address, port in zip(inputs, self._inputs)  # noqa: B905 - Python 3.6
        ]
        return self._captured(tensors) if self._mode.captured else self._launched(tensors)

    def _launched(self, tensors):
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


def exported_convolutions(torch, program):
    """Count the same of an exported program: its convolutions run as the process has it."""
    count = sum("conv" in str(node.target) for node in program.graph.nodes if "call" in node.op)
    cudnn = torch.backends.cudnn
    return {
        "count": count,
        "tf32": count * int(cudnn.allow_tf32),
        "autotuned": count * int(cudnn.benchmark),
    }
