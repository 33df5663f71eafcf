"""What ONNX Runtime's profiler says of a run: where its nodes went, and what they computed in."""

import collections
import json
import os

import numpy as np

from retable_runner.errors import Unsupported

# The operators where the time goes: what they take is what the engine computes in.
HEAVY = (
    *("Conv", "FusedConv", "NhwcConv", "NhwcFusedConv", "ConvTranspose", "Gemm", "MatMul"),
    *("FusedGemm", "FusedMatMul", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat"),
    *("QLinearConv", "QLinearConvTranspose", "QLinearMatMul", "QGemm", "DynamicQuantizeMatMul"),
)
COPIES = ("MemcpyToHost", "MemcpyFromHost")  # what ONNX Runtime puts around nodes on the CPU
# Precisions by the profiler's types. Activations of INT8 come in both kinds of 8 bits.
PRECISIONS = {"float": "fp32", "float16": "fp16", "int8": "int8", "uint8": "int8"}


def profiled(session, feeds):
    """Run once a session that was opened with `enable_profiling`; return what `placement` does.

    Its heading provider is the one that the nodes are meant for.
    """
    session.run(None, feeds)
    path = session.end_profiling()
    with open(path, encoding="utf-8") as stream:
        events = json.load(stream)
    os.unlink(path)
    return placement(events, session.get_providers()[0])


def zeros(inputs):
    """Return zeros for inputs, a sequence of (name, dtype, shape), by name."""
    return {name: np.zeros(shape, dtype) for name, dtype, shape in inputs}


def placement(events, provider):
    """Say where the nodes of a run went, from the profiler's events and the provider meant.

    `nodes` counts them by provider, `elsewhere` lists those of another provider, `copies` counts
    the copies between two, and `heavy_precisions` the heavy nodes by what they take ("fp16": 45).
    """
    nodes, heavy, elsewhere, copies = collections.Counter(), collections.Counter(), [], 0
    for event in events:
        about = event.get("args", {})
        if event.get("cat") != "Node" or "provider" not in about:
            continue
        nodes[about["provider"]] += 1
        name = event["name"].replace("_kernel_time", "")
        if about["op_name"] in COPIES:
            copies += 1
        elif about["provider"] != provider:
            elsewhere.append("{} {}".format(about["op_name"], name))
        if about["op_name"] in HEAVY:
            taken = next(iter(about["input_type_shape"][0]))
            heavy[PRECISIONS.get(taken, taken)] += 1
    return {
        "nodes": dict(nodes),
        "elsewhere": elsewhere,
        "copies": copies,
        "heavy_precisions": dict(heavy),
    }


def check_precision(found, precision):
    """Raise Unsupported if the heavy nodes, counted by precision, do not compute in `precision`.

    An INT8 graph keeps some in FP32, before its outputs: there, most must be INT8.
    """
    others = sorted(set(found) - {precision})
    mixed = precision == "int8" and 2 * found.get("int8", 0) > sum(found.values())
    if others and not mixed:
        counted = ", ".join("{} in {}".format(found[name], name) for name in sorted(found))
        raise Unsupported(
            "asked for {}, but of this graph's heavy nodes run here {}".format(precision, counted)
        )
