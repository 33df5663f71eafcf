"""trtexec, the program of TensorRT that builds an engine and times it by itself.

Every flag that decides what is measured is given, since defaults changed (TensorRT 11 transfers
nothing, waits by spinning and replays a CUDA graph unless it is told otherwise), and what trtexec
says that it does is compared with what was asked. Flags were read from
samples/common/sampleOptions.cpp of NVIDIA/TensorRT, 8.0, 8.2, 8.4, 8.6, 10 and 11.

Options: `workspace_mib` (16 before 8.4, trtexec's default there; later, all of the GPU's memory),
`cuda_graph` (replay the inference as one; false), `spin` (wait for the GPU by spinning; true).
Precisions: before 10, fp32, fp16 and int8 (of Q/DQ graphs) are flags; since 10, the graph's own
types are what is computed in, and the flag says that they are binding.
"""

import os
import shutil

import numpy as np

from retable_runner import children, contract, program, trtexec_log
from retable_runner.errors import Unavailable, Unsupported

MEMORY = program
PATH = "/usr/src/tensorrt/bin/trtexec"  # where JetPack and NVIDIA's packages put it
OLDEST = (8, 0, 0)
MEMORY_POOLS = (8, 4, 0)  # --memPoolSize in place of --workspace
SKIP_INFERENCE = (8, 6, 0)  # in place of --buildOnly; --infStreams in place of --streams
STRONGLY_TYPED = (10, 0, 0)
NEW_DEFAULTS = (11, 0, 0)
WORKSPACE_MIB = 16
PRECISION_FLAGS = {"fp32": [], "fp16": ["--fp16"], "int8": ["--int8"]}
SEPARATORS = ":,'"  # of --loadInputs
AVERAGED = 100  # queries a line of the log: their times are in the file


def versions():
    """Return {tensorrt}; Unavailable without a trtexec that starts and tells its version."""
    return {"tensorrt": _dotted(_version(_binary()))}


def _binary():
    found = shutil.which("trtexec") or shutil.which(PATH)
    if found is None:
        raise Unavailable("no trtexec on the PATH, nor at {}".format(PATH))
    return found


def _version(binary):
    _, printed = children.run([binary, "--help"])
    version = trtexec_log.version(printed)
    if version is None:
        raise Unavailable(
            "{} does not tell its version: {}".format(binary, trtexec_log.failure(printed))
        )
    if version < OLDEST:
        raise Unsupported(
            "trtexec {} is older than {}".format(_dotted(version), _dotted(OLDEST[:2]))
        )
    return version


def _dotted(version):
    return ".".join(str(part) for part in version)


def build(sources, precision, options, folder):
    """Build engine.plan, without timing it."""
    binary = _binary()
    flags = build_flags(_version(binary), precision, options)
    path = os.path.join(folder, "engine.plan")
    with contract.replacing(path) as temporary:
        files = ["--onnx=" + sources["onnx"], "--saveEngine=" + temporary]
        printed = _run(binary, files + flags)
        if not os.path.getsize(temporary):
            raise RuntimeError("trtexec ended well and left no engine")
    return {"engine": path}, {"flags": flags, "build_s": trtexec_log.build_seconds(printed)}


def build_flags(version, precision, options):
    """Return the flags of a build but those that name files; FP32 is FP32: TF32 is off.

    `version` is (major, minor, patch). Unsupported for a precision that is none of trtexec's.
    """
    if precision not in PRECISION_FLAGS:
        raise Unsupported("trtexec builds {}".format(", ".join(sorted(PRECISION_FLAGS))))
    typed = ["--stronglyTyped"] if version >= STRONGLY_TYPED else PRECISION_FLAGS[precision]
    only_build = ["--skipInference"] if version >= SKIP_INFERENCE else ["--buildOnly"]
    return ["--device=0", "--noTF32"] + typed + _workspace(version, options) + only_build


def _workspace(version, options):
    wanted = options.get("workspace_mib")
    if version < MEMORY_POOLS:
        return ["--workspace={}".format(int(wanted or WORKSPACE_MIB))]
    return ["--memPoolSize=workspace:{}".format(int(wanted))] if wanted else []


def load(files, options, feeds, folder):
    """Write the inputs as trtexec reads them, raw; return an Engine."""
    binary = _binary()
    inputs = []
    for number, (name, array) in enumerate(sorted(feeds.items())):
        if set(name) & set(SEPARATORS):
            raise Unsupported(
                "trtexec takes no file for an input called {!r}: {} separate names there".format(
                    name, " ".join(SEPARATORS)
                )
            )
        path = os.path.join(folder, "input{}.bin".format(number))
        np.ascontiguousarray(array).tofile(path)
        inputs.append("{}:{}".format(name, path))
    return Engine(binary, _version(binary), files["engine"], inputs, options, folder)


def timing_flags(version, options, warmup_ms, min_ms, min_samples):
    """Return the flags of a timing but those that name files.

    One stream, and transfers in and out. Before 8.4 a duration may be a whole number of seconds.
    """
    seconds = min_ms / 1e3
    if version < MEMORY_POOLS:
        seconds = int(np.ceil(seconds))
    streams = "infStreams" if version >= SKIP_INFERENCE else "streams"
    return [
        "--device=0",
        "--warmUp={}".format(int(warmup_ms)),
        "--duration={:g}".format(seconds),
        "--iterations={}".format(min_samples),
        "--{}=1".format(streams),
        "--sleepTime=0",
        "--avgRuns={}".format(AVERAGED),
        "--percentile=99",
    ] + _switches(version, _spin(options), _cuda_graph(options))


def _switches(version, spin, cuda_graph):
    if version < NEW_DEFAULTS:
        return ["--useSpinWait"] * spin + ["--useCudaGraph"] * cuda_graph
    unwanted = ["--noSpinWait"] * (not spin) + ["--noCudaGraph"] * (not cuda_graph)
    return ["--includeDataTransfers"] + unwanted


def _spin(options):
    return bool(options.get("spin", True))


def _cuda_graph(options):
    return bool(options.get("cuda_graph", False))


class Engine(object):
    """A built engine, and the inputs to time it with."""

    fields = ("latency_sum",)  # the field by which it is judged, which all versions tell

    def __init__(self, binary, version, path, inputs, options, folder):
        self._binary = binary
        self._version = version
        self._files = ["--loadEngine=" + path, "--loadInputs=" + ",".join(inputs)]
        self._options = options
        self._times = os.path.join(folder, "times.json")
        self.facts = {"threads": 1, "device": "GPU 0"}

    def measure(self, warmup_ms, min_ms, min_samples):
        """Warm up, and time for `min_ms` and `min_samples` at least.

        Returns ({field: [ms]}, the seconds that this took without the warm-up, facts).
        """
        flags = timing_flags(self._version, self._options, warmup_ms, min_ms, min_samples)
        printed = _run(self._binary, self._files + flags + ["--exportTimes=" + self._times])
        said = trtexec_log.timing(printed)
        self._check(said)
        with open(self._times, encoding="utf-8") as stream:
            samples = trtexec_log.samples(stream.read(), said["queries"] or 0)
        facts = {
            "outputs": [dict(output, dtype=None) for output in said["outputs"]],  # it does not say
            "warmup_iterations": said["warmup_queries"],
            "program": {"flags": flags, "options": said["options"], "summary": said["summary"]},
        }
        return samples, said["seconds"], facts

    def _check(self, said):
        """Raise RuntimeError if trtexec says that it timed something other than what was asked."""
        asked = {
            "Streams": "1",
            "Inference Streams": "1",
            "Data transfers": "Enabled",
            "Spin-wait": _enabled(_spin(self._options)),
            "CUDA Graph": _enabled(_cuda_graph(self._options)),
        }
        for name, value in sorted(asked.items()):
            if said["options"].get(name, value) != value:
                raise RuntimeError(
                    "trtexec {} timed with {} {}, and was asked for {}".format(
                        _dotted(self._version), name, said["options"][name], value
                    )
                )
        if said["invented"]:
            raise RuntimeError(
                "trtexec gave random values to {}, for which the sample has none".format(
                    ", ".join(said["invented"])
                )
            )


def _enabled(switch):
    return "Enabled" if switch else "Disabled"


def _run(binary, flags):
    """Run trtexec; return what it printed. RuntimeError, in its words, if it does not end well."""
    status, printed = children.run([binary] + flags)
    if status < 0:
        raise RuntimeError(
            "signal {} ended trtexec: {}".format(-status, trtexec_log.failure(printed))
        )
    if status:
        raise RuntimeError("trtexec: " + trtexec_log.failure(printed))
    return printed
