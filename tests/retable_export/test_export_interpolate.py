"""Resizing in numpy against hand-worked numbers and onnx's own reference."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from retable_export import interpolate

MODES = ("align_corners", "half_pixel", "pytorch_half_pixel", "asymmetric")
SIZES = [((4, 6), (8, 12)), ((4, 6), (9, 7)), ((5, 3), (1, 1)), ((1, 1), (4, 4)), ((6, 9), (3, 5))]


def by_reference(tensor, size, coordinates, **attributes):
    sizes = np.array([*tensor.shape[:2], *size], np.int64)
    graph = helper.make_graph(
        [
            helper.make_node(
                "Resize",
                ["x", "", "", "sizes"],
                ["y"],
                coordinate_transformation_mode=coordinates,
                **attributes,
            )
        ],
        "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, tensor.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, sizes.tolist())],
        [numpy_helper.from_array(sizes, "sizes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    return ReferenceEvaluator(model).run(None, {"x": tensor})[0]


def test_two_pixels_become_three_by_their_mean():
    pair = np.array([[[[0.0, 4.0]]]], np.float32)
    assert interpolate.bilinear(pair, (1, 3), "align_corners").ravel().tolist() == [0, 2, 4]
    assert interpolate.nearest(pair, (1, 3), "align_corners").ravel().tolist() == [0, 4, 4]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("source", "target"), SIZES)
def test_bilinear_is_onnx_linear(mode, source, target):
    tensor = np.random.RandomState(0).standard_normal((2, 3, *source)).astype(np.float32)
    wanted = by_reference(tensor, target, mode, mode="linear")
    np.testing.assert_allclose(interpolate.bilinear(tensor, target, mode), wanted, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("source", "target"), SIZES)
def test_nearest_is_onnx_nearest_preferring_the_ceiling(mode, source, target):
    tensor = np.random.RandomState(0).standard_normal((2, 3, *source)).astype(np.float32)
    wanted = by_reference(tensor, target, mode, mode="nearest", nearest_mode="round_prefer_ceil")
    np.testing.assert_array_equal(interpolate.nearest(tensor, target, mode), wanted)


def test_an_unknown_mode_is_named():
    with pytest.raises(ValueError, match="tf_crop_and_resize"):
        interpolate.coordinates(2, 4, "tf_crop_and_resize")
