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

    Constants are folded, batch normalisations and biases become part of their Conv, a product and
    a sum become a Gemm, and what does nothing or is there twice goes; inputs and outputs stay. What
    the library raises of a graph that it cannot run is passed on.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fused.onnx")
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        found = onnx.load(path)
    # It adds an import of every domain that it knows: the operators are those that there were.
    del found.opset_import[:]
    found.opset_import.extend(model.opset_import)
    return found
