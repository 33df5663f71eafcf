"""Each tail's graph against its definition, and the definitions against hand-worked ones."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from retable_export import definitions, graphs, plugins
from retable_export.definitions import Tensors
from retable_export.errors import UnsupportedError

TAILS = ("argmax", "fused_argmax", "reducemax", "fused_reducemax")
SOFTMAX_TAILS = ("interpolate_softmax", "interpolate_softmax_max")


def segmenter(low, full, mode="align_corners", classes=5, batch=1, end="Resize"):
    """A network whose logits are its input's: Conv (identity) -> Resize, [N, C, h, w] -> H, W."""
    eye = np.eye(classes, dtype=np.float32)[:, :, None, None]
    shape = [batch, classes, *full]
    nodes = [
        helper.make_node("Conv", ["image", "eye"], ["low"]),
        helper.make_node(
            "Resize",
            ["low", "", "", "sizes"],
            ["logits" if end == "Resize" else "resized"],
            mode="linear",
            coordinate_transformation_mode=mode,
        ),
    ]
    if end != "Resize":
        nodes.append(helper.make_node(end, ["resized"], ["logits"]))
    graph = helper.make_graph(
        nodes,
        "segmenter",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, classes, *low])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(eye, "eye"), numpy_helper.from_array(np.array(shape), "sizes")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def strided(batch=2, classes=5, low=(5, 7), image=(40, 56)):
    """A network whose logits stay at stride 8: averages of 8 x 8 pixels."""
    nodes = [
        helper.make_node("AveragePool", ["image"], ["logits"], kernel_shape=[8, 8], strides=[8, 8])
    ]
    graph = helper.make_graph(
        nodes,
        "strided",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, classes, *image])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, classes, *low])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def apply(tail, model):
    made = plugins.load("tails", tail).apply(model)
    onnx.checker.check_model(made, full_check=True)
    return made


def run(model, image, *more):
    wanted = [*(value.name for value in model.graph.output), *more]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in more)
    return ReferenceEvaluator(model).run(wanted, {"image": image})


def noise(*shape):
    return np.random.RandomState(1).standard_normal(shape).astype(np.float32)


def test_the_tails_are_found_by_listing():
    assert plugins.names("tails") == sorted(TAILS + SOFTMAX_TAILS)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("mode", ["align_corners", "half_pixel", "asymmetric"])
@pytest.mark.parametrize(("low", "full"), [((4, 6), (32, 48)), ((3, 5), (21, 35))])
def test_a_tails_graph_computes_its_definition(tail, mode, low, full):
    model = segmenter(low, full, mode, batch=2)
    image = noise(2, 5, *low)
    plugin = plugins.load("tails", tail)
    [found] = run(apply(tail, model), image)
    logits, low_logits = run(model, image, "low")
    scores = plugin.scores(Tensors(logits, low_logits, mode, full))
    if tail.endswith("argmax"):
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, definitions.labels(scores))
    else:
        assert found.dtype == np.float32
        # Linear interpolation in float32 here and in float64 there; without one, exactly equal.
        tolerance = 1e-6 if tail == "fused_reducemax" else 0
        np.testing.assert_allclose(found, definitions.values(scores), rtol=0, atol=tolerance)


def test_argmax_is_numpys_of_the_graphs_own_logits():
    model, image = segmenter((4, 6), (32, 48)), noise(1, 5, 4, 6)
    [logits] = run(model, image)
    [labels] = run(apply("argmax", model), image)
    np.testing.assert_array_equal(labels, np.argmax(logits, axis=1)[:, None])


def test_of_equal_classes_the_first_is_the_label():
    model = segmenter((2, 2), (4, 4))
    [labels] = run(apply("argmax", model), np.zeros((1, 5, 2, 2), np.float32))
    assert not labels.any()


def test_fused_tails_repeat_the_half_resolution_in_blocks():
    # The logits already have half resolution: the definition is a repetition, by hand.
    model, image = segmenter((2, 2), (4, 4)), noise(1, 5, 2, 2)
    for tail, best in (("fused_argmax", image.argmax(1)), ("fused_reducemax", image.max(1))):
        [found] = run(apply(tail, model), image)
        np.testing.assert_array_equal(found[:, 0], best.repeat(2, axis=1).repeat(2, axis=2))


def test_fused_argmax_differs_from_argmax_at_the_borders_of_areas_only():
    image = np.zeros((1, 5, 4, 6), np.float32)
    image[0, 1, :, :3], image[0, 3, :, 3:] = 1, 1  # one vertical border, two classes
    model = segmenter((4, 6), (32, 48))
    [plain] = run(apply("argmax", model), image)
    [fused] = run(apply("fused_argmax", model), image)
    columns = np.flatnonzero((plain != fused).any(axis=(0, 1, 2)))
    assert np.abs(columns - 23.5).max(initial=0) <= 2
    assert set(np.unique(fused)) == {1, 3}


def test_the_fused_graph_is_the_published_one():
    made = apply("fused_argmax", segmenter((4, 6), (32, 48)))
    operators = [node.op_type for node in made.graph.node]
    assert operators == ["Conv", "Resize", "ArgMax", "Cast", "Resize", "Cast"]
    half, full = [node for node in made.graph.node if node.op_type == "Resize"]
    assert graphs.attribute(half, "mode", "") == "linear"
    assert graphs.attribute(full, "mode", "") == "nearest"
    assert graphs.attribute(full, "nearest_mode", "") == "round_prefer_ceil"
    for resize in (half, full):
        assert graphs.attribute(resize, "coordinate_transformation_mode", "") == "align_corners"


@pytest.mark.parametrize("tail", TAILS)
def test_a_tail_keeps_opset_and_input_and_its_source_and_makes_the_same_bytes(tail):
    model = segmenter((4, 6), (32, 48))
    before = model.SerializeToString(deterministic=True)
    made = apply(tail, model)
    assert graphs.opset(made) == 13
    assert graphs.describe(made)["inputs"] == graphs.describe(model)["inputs"]
    assert graphs.describe(made)["outputs"][0]["shape"] == [1, 1, 32, 48]
    assert model.SerializeToString(deterministic=True) == before
    again = apply(tail, model)
    assert again.SerializeToString(deterministic=True) == made.SerializeToString(deterministic=True)


@pytest.mark.parametrize("tail", ["fused_argmax", "fused_reducemax"])
def test_fused_tails_refuse_a_graph_that_does_not_end_in_resize(tail):
    with pytest.raises(UnsupportedError, match=f"tail {tail} needs .* Conv -> Resize, .* Sigmoid"):
        apply(tail, segmenter((4, 6), (32, 48), end="Sigmoid"))


def test_a_tail_refuses_sizes_that_are_not_fixed():
    model = segmenter((4, 6), (32, 48))
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_param = "height"
    with pytest.raises(UnsupportedError, match="logits has a dimension that is not fixed"):
        apply("argmax", model)


def test_a_bias_added_after_the_convolution_is_part_of_the_head():
    model = segmenter((4, 6), (32, 48))
    bias = numpy_helper.from_array(np.arange(5, dtype=np.float32)[None, :, None, None], "bias")
    model.graph.initializer.append(bias)
    model.graph.node.insert(1, helper.make_node("Add", ["low", "bias"], ["biased"]))
    model.graph.node[2].input[0] = "biased"
    image = noise(1, 5, 4, 6)
    [plain] = run(apply("argmax", model), image)
    [fused] = run(apply("fused_argmax", model), image)
    assert np.mean(plain == fused) > 0.8


def test_probabilities_have_the_size_of_the_image_and_sum_to_one():
    image = 20 * noise(2, 5, 40, 56)
    [logits] = run(strided(), image)
    [found] = run(apply("interpolate_softmax", strided()), image)
    assert (found.shape, found.dtype) == ((2, 5, 40, 56), np.float32)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    scores = definitions.probabilities(Tensors(logits, None, "", (40, 56)))
    np.testing.assert_allclose(found, scores, atol=1e-6)
    # By hand: half-way between two pixels of the logits, which are 8 apart, along a row.
    between = np.exp(logits[0, :, 0, 0] * (1 - 4.5 / 8) + logits[0, :, 0, 1] * 4.5 / 8)
    np.testing.assert_allclose(found[0, :, 0, 8], between / between.sum(), atol=1e-5)


def test_the_best_class_and_its_probability_are_torchs_max_in_its_order():
    image = 20 * noise(2, 5, 40, 56)
    made = apply("interpolate_softmax_max", strided())
    assert [value.name for value in made.graph.output] == ["values", "labels"]
    values, labels = run(made, image)
    [probabilities] = run(apply("interpolate_softmax", strided()), image)
    np.testing.assert_array_equal(values, probabilities.max(axis=1)[:, None])
    np.testing.assert_array_equal(labels, probabilities.argmax(axis=1)[:, None])
    assert (values.dtype, labels.dtype) == (np.float32, np.int64)
    assert len(np.unique(labels)) == 5


@pytest.mark.parametrize(
    ("tail", "operators"),
    [
        ("interpolate_softmax", ["Softmax"]),
        ("interpolate_softmax_max", ["Softmax", "ReduceMax", "ArgMax"]),
    ],
)
def test_logits_of_the_images_size_are_not_resized_again(tail, operators):
    made = apply(tail, strided())
    assert [node.op_type for node in made.graph.node] == ["AveragePool", "Resize", *operators]
    resize = made.graph.node[1]
    assert graphs.attribute(resize, "coordinate_transformation_mode", "") == "pytorch_half_pixel"
    full = segmenter((32, 48), (32, 48))
    made = apply(tail, full)
    assert [node.op_type for node in made.graph.node] == ["Conv", "Resize", *operators]
    image = noise(1, 5, 32, 48)
    [logits] = run(full, image)
    scores = definitions.probabilities(Tensors(logits, None, "", (32, 48)))
    found = run(made, image)[0]
    wanted = scores if tail == "interpolate_softmax" else definitions.values(scores)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
