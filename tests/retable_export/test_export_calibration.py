"""Histograms of a graph's tensors on a calibration set, and the limits taken from them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from retable_export import calibration
from retable_export.calibration import BINS, Histogram
from retable_export.errors import JobError
from retable_export.precision import batched

RANDOM = np.random.RandomState(3)


def filled(*arrays):
    made = Histogram()
    for array in arrays:
        made.add(np.asarray(array, np.float32))
    return made


def test_a_limit_holds_the_share_that_was_asked():
    values = RANDOM.standard_normal(200_000)
    found = filled(*np.array_split(values, 7))
    for share in (0.5, 0.9, 0.999):
        limit = found.holding(share)
        assert abs(limit - np.quantile(np.abs(values), share)) <= 2 * found.top / BINS
        assert np.mean(np.abs(values) <= limit) >= share - 1e-6
    assert found.holding(1.0) >= np.abs(values).max()


def test_values_that_come_later_widen_it_and_no_count_is_lost():
    small, large = RANDOM.uniform(-1, 1, 1000), RANDOM.uniform(-50, 50, 1000)
    found = filled(small, large)
    assert found.counts.sum() == 2000
    top = found.top
    assert top >= np.abs(large).max()
    at_once = np.histogram(np.abs(np.float32([*small, *large])), BINS, (0, top))[0]
    # Doubling moves no value from its bin but one that lies on an edge, up to rounding.
    assert np.abs(np.cumsum(found.counts) - np.cumsum(at_once)).max() <= 2


def test_one_outlier_does_not_decide():
    found = filled(RANDOM.uniform(-1, 1, 100_000), [1000.0])
    assert found.holding(0.9999) < 2
    assert found.holding(1.0) >= 1000


def test_zeros_have_a_limit_of_zero():
    assert filled(np.zeros(5)).holding(0.9999) == 0.0
    found = filled(np.zeros(100), [4.0])
    assert found.counts.sum() == 101
    assert found.holding(0.5) < 0.01


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(wrong):
    with pytest.raises(ValueError, match="not finite"):
        filled([1.0, wrong])


def test_groups_hold_no_more_bytes_than_told_and_keep_the_order():
    sizes = {"a": 4, "b": 5, "c": 2, "d": 90, "e": 1}
    assert calibration.groups(list("abcde"), sizes, 10) == [["a", "b"], ["c"], ["d"], ["e"]]
    assert calibration.groups([], sizes, 10) == []


def doubling():
    """y = relu(x), z = 2 y: [1, 2, 3, 3]."""
    shape = [1, 2, 3, 3]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Relu", ["x"], ["y"]),
            helper.make_node("Mul", ["y", "two"], ["z"]),
        ],
        "doubling",
        [value("x", TensorProto.FLOAT, shape)],
        [value("z", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array(2, np.float32), "two")],
        value_info=[value("y", TensorProto.FLOAT, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


@pytest.mark.parametrize("held_bytes", [1, 1 << 20])
def test_tensors_of_inputs_outputs_and_between_are_counted(held_bytes):
    model = doubling()
    batches = [{"x": RANDOM.uniform(-3, 3, (1, 2, 3, 3)).astype(np.float32)} for _ in range(4)]
    found = calibration.histograms(model, ["x", "y", "z"], batches, held_bytes)
    largest = max(batch["x"].max() for batch in batches)
    assert {name: one.counts.sum() for name, one in found.items()} == dict.fromkeys("xyz", 72)
    assert found["y"].holding(1.0) == pytest.approx(largest, rel=1e-3)
    assert found["z"].holding(1.0) == pytest.approx(2 * largest, rel=1e-3)
    assert [value.name for value in model.graph.output] == ["z"]


def test_a_calibration_set_with_nan_is_refused_by_the_tensors_name():
    batch = {"x": np.full((1, 2, 3, 3), np.nan, np.float32)}
    with pytest.raises(JobError, match="calibration: x has values that are not finite"):
        calibration.histograms(doubling(), ["x"], [batch])


def test_a_set_is_divided_into_batches_of_the_graphs_size():
    model = doubling()
    images = np.arange(5 * 18, dtype=np.float32).reshape(5, 2, 3, 3)
    found = batched(model, {"x": images})
    np.testing.assert_array_equal(np.concatenate([one["x"] for one in found]), images)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    assert [one["x"].shape[0] for one in batched(model, {"x": images})] == [2, 2]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"y": np.zeros((1, 2, 3, 3))}, "has no input 'x'"),
        ({"x": np.zeros((1, 2, 3, 4))}, r"'x' are \[2, 3, 4\] each, the graph's are \[2, 3, 3\]"),
        ({"x": np.zeros((0, 2, 3, 3))}, "does not fill one batch"),
    ],
)
def test_a_set_that_does_not_fit_is_refused(arrays, says):
    with pytest.raises(JobError, match=says):
        batched(doubling(), arrays)


def test_the_model_that_is_calibrated_is_not_changed():
    model = doubling()
    before = model.SerializeToString(deterministic=True)
    calibration.histograms(model, ["y"], [{"x": np.ones((1, 2, 3, 3), np.float32)}])
    assert model.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(model)
