"""ONNX Runtime on an NVIDIA GPU: the graph is optimised and saved once, then run as saved.

It works on our stream (`user_compute_stream`) without waiting for it, so that events bracket its
work; inputs and outputs are bound to device memory. FP32 is FP32: TF32 is off.
Options: `cuda_graph` (capture the first inference, replay it afterwards), `conv_search` (how an
algorithm of cuDNN's is found for each convolution; since ONNX Runtime 1.20 `exhaustive`, its own
choice, is cuDNN's heuristic B, `heuristic` is A, `default` the fallback; before, a trial of all,
an estimate, and one for all: microsoft/onnxruntime#22705), `threads` (of the nodes that fall back
to the CPU; 1 by default).
"""

import os
import tempfile

import numpy as np

from retable_runner import backends, contract, cuda, device, ort_profile
from retable_runner.backends import onnxruntime as cpu
from retable_runner.errors import Unavailable, Unsupported

MEMORY = device
PROVIDER = "CUDAExecutionProvider"
PRECISIONS = ("fp16", "fp32", "int8")
CONV_SEARCHES = ("exhaustive", "heuristic", "default")


def versions():
    """Return the versions of ONNX Runtime and of CUDA; ImportError without a CUDA build of it."""
    onnxruntime = _library()
    return dict(cuda.versions(), onnxruntime=onnxruntime.__version__)


def _library():
    import onnxruntime

    if PROVIDER not in onnxruntime.get_available_providers():
        raise ImportError(
            "this onnxruntime {} has no {}: it is not onnxruntime-gpu".format(
                onnxruntime.__version__, PROVIDER
            )
        )
    if hasattr(onnxruntime, "preload_dlls"):  # since 1.21: CUDA and cuDNN of nvidia-* packages
        onnxruntime.preload_dlls()
    return onnxruntime


def build(sources, precision, options, folder):
    """Save the graph with all optimisations for this GPU: engine.onnx. Precision: fp32, fp16, int8.

    The graph must come in that precision already. It is run once, on zeros, with the profiler:
    Unsupported is raised if its heavy nodes run in another precision, or some node on the CPU where
    a CUDA graph is asked for; where each node ran is told in the facts.
    """
    if precision not in PRECISIONS:
        raise Unsupported(
            "ONNX Runtime's CUDA provider is timed in {}, not in {}".format(
                ", ".join(PRECISIONS), precision
            )
        )
    onnxruntime = _library()
    path = os.path.join(folder, "engine.onnx")
    with tempfile.TemporaryDirectory(dir=folder) as scratch, contract.replacing(path) as temporary:
        settings = _settings(onnxruntime, options)
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        settings.optimized_model_filepath = temporary
        settings.enable_profiling = True
        settings.profile_file_prefix = os.path.join(scratch, "profile")
        session = _session(onnxruntime, sources["onnx"], settings, search_option(options))
        facts = ort_profile.profiled(session, ort_profile.zeros(_inputs(session)))
    ort_profile.check_precision(facts["heavy_precisions"], precision)
    if options.get("cuda_graph"):
        check_capture(facts)
    return {"engine": path}, dict(facts, optimization="ORT_ENABLE_ALL")


def check_capture(facts):
    """Raise Unsupported if a run copied between GPU and CPU, by the facts of `ort_profile`.

    Otherwise ONNX Runtime would refuse the session, and open one for the CPU in its place.
    """
    if facts["copies"]:
        raise Unsupported(
            "a CUDA graph replays what the GPU does, but nodes of this graph run on the CPU: "
            + ", ".join(facts["elsewhere"])
        )


def load(files, options, gpu):
    """Open a session on the saved graph and on the GPU's stream, with nothing left to optimise."""
    onnxruntime = _library()
    settings = _settings(onnxruntime, options)
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    provider = dict(search_option(options), user_compute_stream=str(gpu.handle))
    if options.get("cuda_graph"):
        provider["enable_cuda_graph"] = "1"
    session = _session(onnxruntime, files["engine"], settings, provider)
    return Engine(onnxruntime, session, gpu, settings.intra_op_num_threads, may_try_all(options))


def _settings(onnxruntime, options):
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = cpu.QUIET
    settings.intra_op_num_threads = int(options.get("threads") or 1)
    settings.inter_op_num_threads = 1
    return settings


def search_option(options):
    """Return the provider's option for how it chooses cuDNN's algorithms."""
    search = options.get("conv_search") or CONV_SEARCHES[0]
    if search not in CONV_SEARCHES:
        raise Unsupported(
            "conv_search is one of {}, not {!r}".format(", ".join(CONV_SEARCHES), search)
        )
    return {"cudnn_conv_algo_search": search.upper()}


def may_try_all(options):
    """Whether a first inference may time cuDNN's algorithms, as before 1.20, or with cuDNN 8."""
    return (options.get("conv_search") or CONV_SEARCHES[0]) == "exhaustive"


def _session(onnxruntime, path, settings, provider):
    providers = [(PROVIDER, dict(provider, device_id=str(cuda.DEVICE), use_tf32="0"))]
    session = onnxruntime.InferenceSession(path, settings, providers=providers)
    if PROVIDER not in session.get_providers():  # it goes on with the CPU, and only logs why
        raise Unavailable("ONNX Runtime could not start its {} here".format(PROVIDER))
    return session


def _inputs(session):
    return [_port(each) for each in session.get_inputs()]


def _port(each):
    if each.type not in cpu.DTYPES:
        raise Unsupported("{!r} is {}, which cannot be timed here".format(each.name, each.type))
    if not all(isinstance(size, int) for size in each.shape):
        raise Unsupported(
            "{!r} has an open size ({}): graphs of fixed sizes are timed here".format(
                each.name, "x".join(str(size) for size in each.shape)
            )
        )
    return cuda.Port(each.name, np.dtype(cpu.DTYPES[each.type]), tuple(each.shape))


class Engine(object):
    """A session on the GPU's stream."""

    def __init__(self, onnxruntime, session, gpu, threads, chooses_by_time):
        self._library = onnxruntime
        self._session = session
        self._gpu = gpu
        self.shares_first_call = not chooses_by_time
        self._held = []  # the bindings' memory, which they do not keep alive
        self._inputs = _inputs(session)
        self._outputs = [_port(each) for each in session.get_outputs()]
        used = dict(session.get_provider_options()[PROVIDER])
        used.pop("user_compute_stream", None)  # an address: another in every process
        self.facts = {
            "threads": threads,
            "device": gpu.facts["name"],
            "provider_options": used,
        }

    def ports(self, feeds):
        """Return the ports; ValueError for a sample that does not fit."""
        for port in self._inputs:
            backends.matching(feeds, port.name, port.dtype, port.shape)
        return self._inputs, self._outputs

    def attach(self, inputs):
        """Bind the addresses of the inputs, and outputs allocated here; return `enqueue`."""
        binding = self._session.io_binding()
        for index, port in enumerate(self._inputs):
            binding.bind_input(*_buffer(port, inputs[index]))
        addresses = []
        for port in self._outputs:
            memory = self._gpu.allocate(int(np.prod(port.shape)) * port.dtype.itemsize)
            self._held.append(memory)
            addresses.append(int(memory))
            binding.bind_output(*_buffer(port, int(memory)))
        options = self._library.RunOptions()
        options.add_run_config_entry("disable_synchronize_execution_providers", "1")
        # A captured graph holds the addresses: each binding has one of its own.
        options.add_run_config_entry("gpu_graph_id", str(len(self._held)))
        run = self._session.run_with_iobinding

        def enqueue():
            run(binding, options)
            return addresses

        return enqueue


def _buffer(port, address):
    return port.name, "cuda", cuda.DEVICE, port.dtype.type, port.shape, address
