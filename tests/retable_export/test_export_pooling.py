"""Averages over adaptive windows: their definition, and the graphs that a converter leaves."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from retable_export import pooling
from retable_export.errors import UnsupportedError

SIZES = [(16, 32), (5, 7), (6, 12)]
BINS = (1, 2, 3, 6)


def by_definition(features: np.ndarray, bins: int) -> np.ndarray:
    """From floor(i n / bins) to ceil((i + 1) n / bins), as Paddle and torch define it."""
    made = np.empty((*features.shape[:2], bins, bins))
    edges = [
        [(part * size // bins, -(-(part + 1) * size // bins)) for part in range(bins)]
        for size in features.shape[2:]
    ]
    for row, (top, bottom) in enumerate(edges[0]):
        for column, (left, right) in enumerate(edges[1]):
            window = features[:, :, top:bottom, left:right].astype(np.float64)
            made[:, :, row, column] = window.mean(axis=(2, 3))
    return made


def converted(size: tuple[int, int], bins: int) -> onnx.ModelProto:
    """An average of `bins` windows of one length, in the way of a converter, and a Relu."""
    strides = [length // bins for length in size]
    kernel = [length - (bins - 1) * stride for length, stride in zip(size, strides, strict=True)]
    graph = helper.make_graph(
        [
            helper.make_node(
                "AveragePool", ["x"], ["pooled"], kernel_shape=kernel, strides=strides
            ),
            helper.make_node("Relu", ["pooled"], ["y"]),
        ],
        "pooling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, *size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3, bins, bins])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize("size", [size for size in SIZES if min(size) >= 6])
def test_the_graph_averages_as_defined(size, bins):
    features = np.random.RandomState(0).rand(2, 3, *size).astype(np.float32)
    model = converted(size, bins)
    divides = not any(length % bins for length in size)
    before = ReferenceEvaluator(model).run(None, {"x": features})[0]
    replaced = pooling.make_exact(model, {"pooled": (bins, bins)})
    onnx.checker.check_model(model, full_check=True)
    after = ReferenceEvaluator(model).run(None, {"x": features})[0]
    wanted = by_definition(features, bins)
    np.testing.assert_allclose(after, wanted, atol=1e-6)
    assert replaced == ([] if divides else ["pooled"])
    assert (np.abs(before - wanted).max() < 1e-6) == divides  # the mend is needed where it is made


@pytest.mark.parametrize("length", [5, 7, 16, 128])
@pytest.mark.parametrize("parts", [1, 2, 3, 5])
def test_every_window_is_an_average_and_no_value_is_left_out(length, parts):
    matrix = pooling.windows(length, parts)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    assert (matrix.sum(axis=0) > 0).all()


def test_an_average_that_nobody_named_stays_as_it_is():
    model = converted((16, 32), 3)
    before = model.SerializeToString()
    assert pooling.make_exact(model, {}) == []
    assert model.SerializeToString() == before


def test_an_average_of_unknown_size_is_refused():
    model = converted((16, 32), 3)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    with pytest.raises(UnsupportedError, match="pooled: the size of what it averages is not known"):
        pooling.make_exact(model, {"pooled": (3, 3)})
