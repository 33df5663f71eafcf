"""OpenVINO on the CPU.

An exported CPU engine holds the transformed graph, not the hints it was compiled with: importing it
bare falls back to the defaults, which on a CPU with AMX is bfloat16 (seen with 2026.4.1). So the
precision is written beside the engine, and given again, with the threads, when it is loaded. INT8
is a Q/DQ graph whose activations are made unsigned first (see `qdq`), which needs onnx.
"""

import json
import os
import tempfile
from collections import Counter

import numpy as np

from retable_runner import backends, contract, qdq
from retable_runner.errors import Unsupported

DEVICE = "CPU"
# What OpenVINO calls them. An INT8 graph says itself, with Q/DQ nodes, what is INT8: the hint is
# for the rest.
HINTS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16", "int8": "f32"}
# What its layers then say they run in: integers by the sign of their activations, which depends on
# the CPU (u8 with AVX-512 VNNI alone, i8 with AMX).
RUN_IN = dict({name: (hint,) for name, hint in HINTS.items()}, int8=("i8", "u8"))
# The layers where the time goes: what they run in is what the engine runs in.
HEAVY = ("Convolution", "Deconvolution", "FullyConnected", "MatMul", "RNNCell", "RNNSeq")


def versions():
    """Return the version of OpenVINO, with its build."""
    import openvino

    return {"openvino": openvino.get_version()}


def build(sources, precision, options, folder):
    """Compile for the lowest latency: engine.blob, and engine.json which says in what precision.

    The precision is a hint to OpenVINO, which drops it where the CPU lacks it: what the heavy
    layers really run in is read back, and Unsupported raised where it is not what was asked. Of an
    INT8 graph the facts say how many activations were made unsigned.
    """
    import openvino

    if precision not in HINTS:
        raise Unsupported(
            "OpenVINO on the CPU is asked for {}, not {}".format(", ".join(HINTS), precision)
        )
    facts = {}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source = sources["onnx"]
        if precision == "int8":
            source = os.path.join(scratch, "unsigned.onnx")
            facts["unsigned_activations"] = qdq.make_unsigned(sources["onnx"], source)
        compiled = openvino.Core().compile_model(source, DEVICE, _config(precision, options))
    found = layer_precisions(compiled)
    check_precision(found, precision)
    blob, description = (os.path.join(folder, "engine" + end) for end in (".blob", ".json"))
    with contract.replacing(blob) as temporary, open(temporary, "wb") as stream:
        stream.write(compiled.export_model().getbuffer())
    contract.write_json(description, {"precision": precision})
    return {"engine": blob, "description": description}, dict(facts, layer_precisions=dict(found))


def check_precision(found, precision):
    """Raise Unsupported unless most heavy layers, counted by what they run in, run so."""
    wanted = RUN_IN[precision]
    if found and 2 * sum(found[name] for name in wanted) <= sum(found.values()):
        raise Unsupported(
            "OpenVINO runs this graph's heavy layers in {} on this CPU, not in {}".format(
                ", ".join(sorted(found)), " or ".join(wanted)
            )
        )


def load(files, options):
    """Import the engine, with the precision it was built in."""
    import openvino

    with open(files["description"], encoding="utf-8") as stream:
        precision = json.load(stream)["precision"]
    with open(files["engine"], "rb") as stream:
        exported = stream.read()
    core = openvino.Core()
    return Engine(core.import_model(exported, DEVICE, _config(precision, options)), core)


def _config(precision, options):
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": backends.threads(options),
    }


def layer_precisions(compiled):
    """Count the heavy layers of a compiled model by the precision that they run in ("f32": 17)."""
    layers = (layer.get_rt_info() for layer in compiled.get_runtime_model().get_ops())
    return Counter(
        info["runtimePrecision"].value for info in layers if info["layerType"].value in HEAVY
    )


class Engine(object):
    """A compiled model and one request, whose tensors lie on numpy arrays."""

    def __init__(self, compiled, core):
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self._held = []  # the inputs' memory, which the tensors do not keep alive
        self._arrays = []
        self.outputs = [output.any_name for output in compiled.outputs]
        self.facts = {
            "threads": int(compiled.get_property("INFERENCE_NUM_THREADS")),
            "device": core.get_property(DEVICE, "FULL_DEVICE_NAME"),
            "streams": int(compiled.get_property("NUM_STREAMS")),
            "pinning": bool(compiled.get_property("ENABLE_CPU_PINNING")),
            "precision_hint": compiled.get_property("INFERENCE_PRECISION_HINT").to_string(),
            "layer_precisions": dict(layer_precisions(compiled)),
        }

    def bind(self, feeds):
        """Set the tensors, outputs allocated once; ValueError for a sample that does not fit.

        An output whose shape the graph leaves open is run once to learn it: the input is fixed.
        """
        import openvino

        self._held = []
        for index, port in enumerate(self._compiled.inputs):
            names = port.get_names()
            name = next((name for name in sorted(names) if name in feeds), port.any_name)
            shape = [None if size.is_dynamic else size.get_length() for size in port.partial_shape]
            array = backends.matching(feeds, name, port.element_type.to_dtype(), shape)
            self._held.append(array)
            self._request.set_input_tensor(index, openvino.Tensor(array, shared_memory=True))
        outputs = self._compiled.outputs
        if any(port.partial_shape.is_dynamic for port in outputs):
            self._request.infer(share_outputs=True)
        self._arrays = [
            np.empty(tuple(tensor.shape), tensor.element_type.to_dtype())
            for tensor in self._request.output_tensors
        ]
        for index, array in enumerate(self._arrays):
            self._request.set_output_tensor(index, openvino.Tensor(array, shared_memory=True))

    def run(self):
        """Run once, into the same arrays each time, and return them."""
        # Without share_outputs, infer() copies every output for its return value: 17 ms for 40 MB.
        self._request.infer(share_outputs=True)
        return self._arrays
