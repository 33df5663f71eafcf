"""Changing the end of a segmentation graph: what the tails are made with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from retable_export import graphs
from retable_export.errors import UnsupportedError

# Between a segmentation head's last Resize and the output, or the Conv before it, a change of
# precision may leave these; none of them changes what the tensors mean.
_TRANSPARENT = ("Cast", "QuantizeLinear", "DequantizeLinear")


class Head(NamedTuple):
    """The last Resize of a segmentation graph.

    `low` is the tensor before it, [N, C, h, w]; `mode` its coordinate_transformation_mode.
    """

    low: str
    mode: str


def find_head(model: onnx.ModelProto, wanted_by: str) -> Head:
    """Return the head of a graph that ends in Conv -> linear Resize -> output.

    A bias added after the Conv, and changes of element type, may stand between. For every other
    graph, UnsupportedError with the name `wanted_by` in the sentence.
    """
    refusal = f"{wanted_by} needs a graph that ends in Conv -> Resize, this one ends in "
    resize = _through(model, model.graph.output[0].name, _TRANSPARENT)
    if resize is None or resize.op_type != "Resize":
        raise UnsupportedError(refusal + ("an input" if resize is None else resize.op_type))
    if graphs.attribute(resize, "mode", "nearest") != "linear":
        raise UnsupportedError(refusal + "a Resize that is not linear")
    before = _through(model, resize.input[0], (*_TRANSPARENT, "Add"))
    if before is None or before.op_type != "Conv":
        raise UnsupportedError(
            refusal + f"{'an input' if before is None else before.op_type} -> Resize"
        )
    mode = graphs.attribute(resize, "coordinate_transformation_mode", "half_pixel")
    return Head(resize.input[0], mode)


class Edit:
    """A copy of a model under the knife: add nodes, give outputs, then `finish`.

    `shape` is that of the model's logits, [N, C, H, W], and `image` the height and width of its
    input. Names made here start with the tail's, so that they cannot meet an exporter's and are the
    same every time.
    """

    def __init__(self, model: onnx.ModelProto, tail: str) -> None:
        """Copy `model`; UnsupportedError if its one output is not float logits of a fixed size."""
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.tail = tail
        outputs = self.model.graph.output
        if len(outputs) != 1 or len(graphs.shape_of(outputs[0])) != 4:
            raise UnsupportedError(f"tail {tail} needs a graph with one output [N, C, H, W]")
        self.logits = outputs[0].name
        self.shape = graphs.shape_of(outputs[0])
        self.image = graphs.shape_of(self.model.graph.input[0])[-2:]
        self._outputs: list[onnx.ValueInfoProto] = []

    def head(self) -> Head:
        """Return the last Resize of the graph; UnsupportedError if there is none."""
        return find_head(self.model, f"tail {self.tail}")

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Append a node with one output; return the output's name."""
        made = f"{self.tail}/{len(self.model.graph.node)}/{operator}"
        self.model.graph.node.append(
            helper.make_node(operator, inputs, [made], name=made, **attributes)
        )
        return made

    def resize(self, tensor: str, shape: list[int], coordinates: str, **attributes: Any) -> str:
        """Append a Resize of `tensor` to `shape`; `coordinates` is its transformation mode."""
        sizes = f"{self.tail}/{len(self.model.graph.node)}/sizes"
        constant = numpy_helper.from_array(np.array(shape, np.int64), sizes)
        self.model.graph.initializer.append(constant)
        return self.add(
            "Resize",
            [tensor, "", "", sizes],
            coordinate_transformation_mode=coordinates,
            **attributes,
        )

    def give(
        self, name: str, element: int = TensorProto.FLOAT, shape: list[int] | None = None
    ) -> None:
        """Make what was added last an output, which is [N, 1, H, W] if nothing else is said."""
        self.model.graph.node[-1].output[:] = [name]
        batch, _, height, width = self.shape
        sizes = [batch, 1, height, width] if shape is None else shape
        self._outputs.append(helper.make_tensor_value_info(name, element, sizes))

    def finish(self) -> onnx.ModelProto:
        """Return the graph of the outputs that were given, without what they do not need."""
        del self.model.graph.output[:]
        self.model.graph.output.extend(self._outputs)
        return graphs.prune(self.model)


def _through(
    model: onnx.ModelProto, tensor: str, operators: tuple[str, ...]
) -> onnx.NodeProto | None:
    """Return the node that makes `tensor`, skipping those of `operators` by their first input."""
    node = graphs.producer(model, tensor)
    while node is not None and node.op_type in operators:
        node = graphs.producer(model, node.input[0])
    return node
