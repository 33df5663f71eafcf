"""Running an ONNX graph on the host: ONNX Runtime where there is one, else onnx's own reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx

from retable_export import graphs

try:
    import onnxruntime
except ImportError:  # the reference evaluator is slow, and enough for small graphs
    onnxruntime = None

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROVIDER = "CPUExecutionProvider"


def runtime() -> str:
    """Name what `run` evaluates with, and its version."""
    if onnxruntime is None:
        return f"onnx.reference {onnx.__version__}"
    return f"onnxruntime {onnxruntime.__version__} {_PROVIDER}"


def run(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs of a model by name; feeds are cast to the inputs' element types."""
    typed = {
        value.name: feeds[value.name].astype(graphs.dtype_of(value)) for value in model.graph.input
    }
    names = [value.name for value in model.graph.output]
    if onnxruntime is None:
        from onnx.reference import ReferenceEvaluator

        session = ReferenceEvaluator(model)
    else:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=[_PROVIDER])
    found = session.run(names, typed)
    return {name: found[index] for index, name in enumerate(names)}
