"""Paddle Inference, on the CPU with oneDNN, on a GPU, or on a GPU with TensorRT subgraphs.

It runs the inference model that `native` made. `latency_run` is the predictor's run call alone,
`latency_run_d2h` that and the copies of its outputs to numpy's memory, as its users make them.

Options: `device` ("cpu" by default, or "gpu"), `threads`, `onednn` (true by default), and on a GPU
`tensorrt`, with `workspace_mib` (1024 by default), `min_subgraph_size` (3, Paddle's own) and
`profile`: the sizes, height x width, for which TensorRT's engines are made. "fit", the default:
those of the sample, learnt by a run without TensorRT; or the least, the usual and the largest, as
"100x100 512x1024 2000x3000".
"""

import json
import os
import re
import shutil
import tempfile

from retable_runner import backends, calls, contract
from retable_runner.errors import Unavailable, Unsupported

MEMORY = calls
FILES = {  # role: name of the file
    "model": "engine.pdmodel",
    "params": "engine.pdiparams",
    "interface": "engine.interface.json",
}
GPU_MEMORY_MB = 256  # to begin with: Paddle's pool grows
ONEDNN_SHAPES = 10  # PaddleDetection's deploy/python/infer.py
WORKSPACE_MIB = 1024  # PaddleSeg's deploy/python/infer.py: 1 << 30 bytes
MIN_SUBGRAPH_SIZE = 3
FIT = "fit"
PROFILE = re.compile(r"\d+x\d+( \d+x\d+){2}$")


def versions():
    """Return Paddle's version, and that of the TensorRT it was built with, if it was."""
    import paddle
    from paddle import inference

    found = {"paddle": paddle.version.full_version}
    if paddle.is_compiled_with_cuda():
        found["cuda"] = paddle.version.cuda()
        found["cudnn"] = paddle.version.cudnn()
        found["tensorrt"] = ".".join(str(part) for part in inference.get_trt_compile_version())
    return found


def build(sources, precision, options, folder):
    """Take the inference model as it is: Paddle's own passes run when it is loaded.

    Precision: fp32; with TensorRT fp16 too, which its engines are made in at the first inference.
    """
    _check_precision(precision, options)
    missing = sorted(set(FILES) - set(sources))
    if missing:
        raise Unsupported(
            "this model's native files hold no Paddle inference model ({} missing)".format(
                ", ".join(missing)
            )
        )
    files = {role: os.path.join(folder, name) for role, name in FILES.items()}
    for role, path in files.items():
        with contract.replacing(path) as temporary:
            shutil.copyfile(sources[role], temporary)
    files["description"] = os.path.join(folder, "engine.json")
    contract.write_json(files["description"], {"precision": precision})
    return files, {}


def _check_precision(precision, options):
    if precision == "int8":
        raise Unsupported(
            "Paddle Inference computes in int8 what was quantised by Paddle; the native weights "
            "are fp32"
        )
    if precision != "fp32" and not options.get("tensorrt"):
        raise Unsupported(
            "Paddle's own kernels run the native weights, which are fp32, not {}".format(precision)
        )


def load(files, options):
    """Return the engine; Unavailable where this Paddle lacks the device asked for."""
    with open(files["description"], encoding="utf-8") as stream:
        precision = json.load(stream)["precision"]
    with open(files["interface"], encoding="utf-8") as stream:
        interface = json.load(stream)
    on_gpu = _is_on_gpu(options)
    # FP32 is FP32: cuBLAS and cuDNN look at it when they are started, which is later.
    os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
    import paddle

    if on_gpu:
        _check_gpu(paddle)
    return Engine(files, interface, precision, options)


def _is_on_gpu(options):
    device = options.get("device", "cpu")
    if device not in ("cpu", "gpu"):
        raise Unsupported("Paddle runs on cpu or gpu, not on {!r}".format(device))
    if options.get("tensorrt") and device == "cpu":
        raise Unsupported("Paddle's TensorRT subgraphs need the option device: gpu")
    return device == "gpu"


def _check_gpu(paddle):
    if not paddle.is_compiled_with_cuda():
        raise Unavailable(
            "this paddlepaddle {} is built without CUDA".format(paddle.version.full_version)
        )
    if not paddle.device.cuda.device_count():
        raise Unavailable("paddlepaddle finds no CUDA device")


class Engine(object):
    """A predictor; its inputs lie where `send` puts them, its outputs where Paddle does."""

    fields = ("latency_run_d2h", "latency_run")

    def __init__(self, files, interface, precision, options):
        self._files = files
        self._wanted = interface["inputs"]
        self._precision = precision
        self._options = options
        self._predictor = None
        self._feeds = {}
        self._inputs = {}
        self._held = []
        self.memory = calls.DEVICE if _is_on_gpu(options) else calls.HOST
        self.outputs = interface["outputs"]
        self.facts = {}

    def bind(self, feeds):
        """Make the predictor for these inputs, and give it them; ValueError if they do not fit."""
        from paddle import inference

        with tempfile.TemporaryDirectory() as scratch:
            config = self._config(inference, feeds, os.path.join(scratch, "shapes.txt"))
            self._predictor = inference.create_predictor(config)
        self.facts = self._facts(inference, config)
        self._inputs = {
            name: self._predictor.get_input_handle(name)
            for name in self._predictor.get_input_names()
        }
        self._held = [
            self._predictor.get_output_handle(name) for name in self._predictor.get_output_names()
        ]
        if len(self._held) != len(self.outputs):
            raise ValueError(
                "the program has {} outputs, its interface names {}".format(
                    len(self._held), ", ".join(self.outputs)
                )
            )
        self.send(feeds)

    def send(self, feeds=None):
        """Copy inputs into Paddle's memory: these, or the last ones again."""
        if feeds is not None:
            self._feeds = {name: self._matching(feeds, name) for name in self._inputs}
        for name, handle in self._inputs.items():
            handle.copy_from_cpu(self._feeds[name])

    def call(self):
        """Run the predictor once."""
        self._predictor.run()

    def fetch(self):
        """Copy the outputs to numpy's memory, new at each call: Paddle has no other way here."""
        return [handle.copy_to_cpu() for handle in self._held]

    def _config(self, inference, feeds, shapes):
        config = inference.Config(self._files["model"], self._files["params"])
        config.disable_glog_info()
        config.enable_memory_optim()
        if self.memory == calls.DEVICE:
            config.enable_use_gpu(GPU_MEMORY_MB, 0)
        else:
            config.disable_gpu()
            config.set_cpu_math_library_num_threads(backends.threads(self._options))
            if self._options.get("onednn", True):
                config.enable_mkldnn()
                config.set_mkldnn_cache_capacity(ONEDNN_SHAPES)
            else:
                config.disable_mkldnn()
        if self._options.get("tensorrt"):
            self._enable_tensorrt(inference, config, feeds, shapes)
        return config

    def _enable_tensorrt(self, inference, config, feeds, shapes):
        precisions = {
            "fp32": inference.PrecisionType.Float32,
            "fp16": inference.PrecisionType.Half,
        }
        config.enable_tensorrt_engine(
            workspace_size=int(self._options.get("workspace_mib", WORKSPACE_MIB)) << 20,
            max_batch_size=max(array.shape[0] for array in feeds.values()),
            min_subgraph_size=int(self._options.get("min_subgraph_size", MIN_SUBGRAPH_SIZE)),
            precision_mode=precisions[self._precision],
            use_static=False,
            use_calib_mode=False,
        )
        profile = self._options.get("profile", FIT)
        if profile == FIT:
            self._collect_shapes(inference, feeds, shapes)
            config.enable_tuned_tensorrt_dynamic_shape(shapes, True)
        else:
            config.set_trt_dynamic_shape_info(*shapes_of(profile, feeds))

    def _collect_shapes(self, inference, feeds, shapes):
        """Run once without TensorRT, and have Paddle write down the shapes of all tensors."""
        config = inference.Config(self._files["model"], self._files["params"])
        config.disable_glog_info()
        config.enable_use_gpu(GPU_MEMORY_MB, 0)
        config.collect_shape_range_info(shapes)
        predictor = inference.create_predictor(config)
        for name in predictor.get_input_names():
            predictor.get_input_handle(name).copy_from_cpu(self._matching(feeds, name))
        predictor.run()
        del predictor  # which writes the file

    def _matching(self, feeds, name):
        wanted = self._wanted[name]
        return backends.matching(feeds, name, wanted["dtype"], wanted["shape"])

    def _facts(self, inference, config):
        return {
            "threads": config.cpu_math_library_num_threads(),
            "device": "GPU" if config.use_gpu() else "CPU",
            "onednn": config.mkldnn_enabled(),
            "tensorrt": config.tensorrt_engine_enabled(),
            "precision": self._precision,
        }


def shapes_of(profile, feeds):
    """Return the least, largest and usual shape of each input for a profile of three sizes.

    Inputs that are no images keep their shape. Unsupported for a profile that is none.
    """
    if not PROFILE.match(profile):
        raise Unsupported(
            "profile {!r} is neither {!r} nor three sizes, as '100x100 512x1024 2000x3000'".format(
                profile, FIT
            )
        )
    least, usual, largest = ([int(part) for part in size.split("x")] for size in profile.split(" "))
    return tuple(
        {
            name: list(array.shape[:2]) + size if array.ndim == 4 else list(array.shape)
            for name, array in feeds.items()
        }
        for size in (least, largest, usual)
    )
