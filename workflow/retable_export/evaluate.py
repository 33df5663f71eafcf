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
    from collections.abc import Mapping, Sequence

_PROVIDER = "CPUExecutionProvider"


def runtime() -> str:
    """Name what graphs are evaluated with, and its version."""
    if onnxruntime is None:
        return f"onnx.reference {onnx.__version__}"
    return f"onnxruntime {onnxruntime.__version__} {_PROVIDER}"


def run(model: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs of a model by name; feeds are cast to the inputs' element types."""
    return Evaluator(model).run(feeds)


class Evaluator:
    """A model that is run more than once."""

    def __init__(self, model: onnx.ModelProto) -> None:
        """Open the model; what the library raises of a graph that it cannot run is passed on."""
        self._types = {value.name: graphs.dtype_of(value) for value in model.graph.input}
        self._outputs = [value.name for value in model.graph.output]
        if onnxruntime is None:
            from onnx.reference import ReferenceEvaluator

            self._session = ReferenceEvaluator(model)
        else:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), providers=[_PROVIDER]
            )

    def run(
        self, feeds: Mapping[str, np.ndarray], names: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]:
        """Return the outputs `names` (all, if not given) by name; feeds are cast as `run` does."""
        wanted = list(self._outputs if names is None else names)
        typed = {name: feeds[name].astype(kind, copy=False) for name, kind in self._types.items()}
        found = self._session.run(wanted, typed)
        return {name: found[index] for index, name in enumerate(wanted)}
