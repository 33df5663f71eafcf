"""A graph with its operators joined where every reader would join them: by ONNX Runtime itself.

Some converters write a network's weights as nodes, and a batch normalisation or a bias behind its
Conv. In FP32 nobody minds. But Q/DQ nodes are placed in the graph as it is: weights that are nodes
would be taken for activations, and what stands between a Conv and its Relu would be rounded once
more, or be computed in FP32 between two conversions.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import onnxruntime


def fused(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model after ONNX Runtime's basic optimisations, which keep to ONNX's operators.

    Constants are folded, batch normalisations and biases become part of their Conv; inputs and
    outputs stay. What the library raises of a graph that it cannot run is passed on.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3  # a warning that the file may suit this machine alone: not basic
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fused.onnx")
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        found = onnx.load(path)
    domains = {node.domain for node in found.graph.node}
    imports = [entry for entry in found.opset_import if entry.domain in domains]
    del found.opset_import[:]
    found.opset_import.extend(imports)
    return found
