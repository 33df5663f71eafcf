"""The precision INT8: where Q/DQ stand, in which form, and how near the graph stays."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_network import segmenter

from retable.jobs.fidelity import FidelityJob
from retable.jobs.precision import PrecisionJob
from retable_export import evaluate, graphs, samples
from retable_export.contract import InputShape, artifact

IMAGES = 6


def calibration(folder, scale=1.0, images=IMAGES):
    path = folder / f"calibration-{scale:g}.npz"
    shape = InputShape(images, 64, 96)
    samples.save_arrays({"image": scale * samples.smooth_images(shape, 5)}, path)
    return artifact(path)


def job(folder, source, calibrated):
    path = folder / "source.onnx"
    graphs.save(source, path)
    return PrecisionJob(
        precision="int8",
        source=artifact(path),
        onnx=str(folder / "int8.onnx"),
        calibration=calibrated,
    )


@pytest.fixture(scope="module")
def chain(chain_in, torch_python, tmp_path_factory):
    return chain_in(tmp_path_factory.mktemp("int8"), "null", torch_python)


@pytest.fixture(scope="module")
def made(chain):
    """The small network in INT8: (result, model)."""
    result = chain.run(job(chain.folder, segmenter(), calibration(chain.folder)))
    assert result.outcome == "ok", result.reason
    return result, onnx.load(result.artifacts["onnx"].path)


def readers(model, tensor):
    return [node.op_type for node in model.graph.node if tensor in node.input]


def made_by(model, tensor):
    node = graphs.producer(model, tensor)
    return node.op_type if node is not None else None


def arrays(model):
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def apart(chain, result, folder, model=None):
    """How far a graph that was made is from its model in FP32: a share of the largest value."""
    feeds = {"image": samples.smooth_images(InputShape(1, 64, 96), 77)}
    samples.save_arrays(feeds, folder / "sample.npz")
    samples.save_arrays(evaluate.run(model or segmenter(), feeds), folder / "reference.npz")
    compared = chain.run(
        FidelityJob(
            tail="none",
            graph=result.artifacts["onnx"],
            plain=artifact(chain.folder / "source.onnx"),
            sample=artifact(folder / "sample.npz"),
            reference=artifact(folder / "reference.npz"),
        )
    )
    assert compared.outcome == "ok", compared.reason
    return compared.facts["relative"]


pytestmark = pytest.mark.real


def test_it_takes_and_gives_what_it_did_and_says_what_it_is(made):
    result, _ = made
    assert result.facts["inputs"] == [
        {"name": "image", "shape": [1, 3, 64, 96], "dtype": "float32"}
    ]
    assert result.facts["outputs"] == [
        {"name": "logits", "shape": [1, 6, 64, 96], "dtype": "float32"}
    ]
    assert result.facts["opset"] == 13
    assert (result.facts["quantized"], result.facts["fp32_nodes"]) == (3, ["classify"])
    assert result.facts["calibration"]["images"] == IMAGES
    digest = artifact(Path(result.artifacts["onnx"].path).parent / "calibration-1.npz")["sha256"]
    assert result.facts["calibration"]["sha256"] == digest


def test_every_zero_point_is_0_and_int8(made):
    _, model = made
    constants = arrays(model)
    nodes = [n for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert len(nodes) > 10
    for node in nodes:
        zero = constants[node.input[2]]
        assert zero.dtype == np.int8
        assert not zero.any()
        assert (constants[node.input[1]] > 0).all()
        assert node.domain == ""


def test_weights_stay_fp32_and_have_a_scale_for_each_output_channel(made):
    _, model = made
    constants = arrays(model)
    for name, channels in (("colours", 8), ("blur", 8), ("mix", 8)):
        assert constants[name].dtype == np.float32
        (quantize,) = [node for node in model.graph.node if name in node.input]
        assert quantize.op_type == "QuantizeLinear"
        assert helper.get_attribute_value(quantize.attribute[0]) == 0
        scale = constants[quantize.input[1]]
        assert scale.shape == (channels,)
        largest = np.abs(constants[name]).reshape(channels, -1).max(axis=1)
        np.testing.assert_allclose(scale, largest / 127, rtol=1e-5)
    for name in ("colours_bias", "mix_bias", "classify_bias"):
        assert readers(model, name) == ["Conv"]
        assert constants[name].dtype == np.float32


def test_a_relu_is_not_parted_from_what_it_follows(made):
    _, model = made
    relus = [node for node in model.graph.node if node.op_type == "Relu"]
    assert [made_by(model, node.input[0]) for node in relus] == ["Conv", "Add"]
    for node in relus:
        assert set(readers(model, node.output[0])) == {"QuantizeLinear"}


def test_what_stands_between_the_quantized_is_quantized_and_the_scores_are_not(made):
    _, model = made
    by_name = {node.name: node for node in model.graph.node}
    for name in ("colours", "blur", "mix", "add", "pool", "max", "concat"):
        assert made_by(model, by_name[name].input[0]) == "DequantizeLinear", name
    assert readers(model, by_name["classify"].output[0]) == ["Resize"]
    assert made_by(model, by_name["classify"].input[1]) is None


def scattered(model):
    """The same network as some converters write it: weights are nodes, biases are added behind."""
    constants = {name: a for name, a in arrays(model).items() if name != "sizes"}
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(a))
        for name, a in constants.items()
    ]
    for node in model.graph.node:
        nodes.append(node)
        if len(node.input) < 3 or node.op_type != "Conv":
            continue
        bias, output = node.input.pop(), node.output[0]
        node.output[0] = f"{output}_made"
        shape = numpy_helper.from_array(np.array([1, -1, 1, 1]), f"{bias}_shape")
        model.graph.initializer.append(shape)
        nodes += [
            helper.make_node("Reshape", [bias, shape.name], [f"{bias}_reshaped"]),
            helper.make_node("Add", [node.output[0], f"{bias}_reshaped"], [output]),
        ]
    kept = [one for one in model.graph.initializer if one.name not in constants]
    graph = helper.make_graph(nodes, "scattered", model.graph.input, model.graph.output, kept)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def test_how_a_converter_writes_weights_and_biases_makes_no_difference(made, chain, tmp_path):
    results = [made[0], chain.run(job(tmp_path, scattered(segmenter()), calibration(tmp_path)))]
    assert results[1].outcome == "ok", results[1].reason
    graphs_made = [onnx.load(result.artifacts["onnx"].path) for result in results]
    kinds = [sorted(node.op_type for node in one.graph.node) for one in graphs_made]
    assert kinds[1] == kinds[0]
    scales = [
        sorted(a.tobytes() for name, a in arrays(one).items() if name.endswith("_scale"))
        for one in graphs_made
    ]
    assert scales[1] == scales[0]
    distances = [apart(chain, result, tmp_path) for result in results]
    assert distances[1] == pytest.approx(distances[0], rel=1e-3)


def test_it_computes_nearly_the_same(made, chain, tmp_path):
    result, _ = made
    assert 1e-4 < apart(chain, result, tmp_path) < 0.1


def test_the_same_job_gives_the_same_bytes(made, chain, tmp_path):
    result, _ = made
    again = chain.run(job(tmp_path, segmenter(), calibration(tmp_path)))
    assert again.artifacts["onnx"].sha256 == result.artifacts["onnx"].sha256
    other = chain.run(job(tmp_path, segmenter(), calibration(tmp_path, 2.0)))
    assert other.artifacts["onnx"].sha256 != result.artifacts["onnx"].sha256


def test_a_set_of_another_scale_gives_other_scales(made, chain, tmp_path):
    _, model = made
    double = chain.run(job(tmp_path, segmenter(), calibration(tmp_path, 2.0)))
    scales = [
        {name: a for name, a in arrays(one).items() if name == "image_scale"}
        for one in (model, onnx.load(double.artifacts["onnx"].path))
    ]
    assert scales[1]["image_scale"] == pytest.approx(2 * scales[0]["image_scale"], rel=1e-2)


def test_without_a_calibration_set_it_is_unsupported(chain, tmp_path):
    result = chain.run(job(tmp_path, segmenter(), None))
    assert result.outcome == "unsupported"
    assert result.reason == "precision int8 needs a calibration set, and this job names none"
    assert not (tmp_path / "int8.onnx").exists()


def test_a_graph_whose_only_weights_make_its_scores_is_unsupported(chain, tmp_path):
    results = chain.everything(64, 96)
    source = onnx.load(results["none"].artifacts["onnx"].path)
    result = chain.run(job(tmp_path, source, calibration(tmp_path)))
    assert result.outcome == "unsupported"
    assert "no operator with weights but those before its outputs" in result.reason


def test_a_set_of_another_size_is_refused(chain, tmp_path):
    result = chain.run(job(tmp_path, segmenter(32, 32), calibration(tmp_path)))
    assert result.outcome == "build_failed"
    assert "'image' are [3, 64, 96] each, the graph's are [3, 32, 32]" in result.reason


@pytest.mark.parametrize(("shape", "kind"), [([48, 5], "DequantizeLinear"), ([1, 8, 48, 5], None)])
def test_a_product_by_a_matrix_is_quantized_and_one_by_a_stack_of_them_is_not(
    chain, tmp_path, shape, kind
):
    model = segmenter()
    random = np.random.RandomState(3)
    model.graph.initializer.append(
        numpy_helper.from_array(random.rand(*shape).astype(np.float32), "factor")
    )
    convolved = helper.make_node("Conv", ["product", "more"], ["narrow"], name="narrow")
    model.graph.node.append(helper.make_node("MatMul", ["f", "factor"], ["product"], name="times"))
    model.graph.node.append(convolved)
    more = random.rand(2, 8, 1, 1).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(more, "more"))
    output = helper.make_tensor_value_info("narrow", TensorProto.FLOAT, [1, 2, 32, 5])
    model.graph.output.append(output)
    result = chain.run(job(tmp_path, model, calibration(tmp_path)))
    assert result.outcome == "ok", result.reason
    found = onnx.load(result.artifacts["onnx"].path)
    (times,) = [node for node in found.graph.node if node.op_type == "MatMul"]
    assert made_by(found, times.input[1]) == kind
    assert apart(chain, result, tmp_path, model) < 0.1


def test_a_product_of_activations_with_a_bias_stays_fp32_too(chain, tmp_path):
    model = segmenter()
    constants = {
        "flat": np.array([256, 48]),
        "more": np.ones(256, np.float32),
        "image_of_it": np.array([1, 1, 256, 256]),
        "kernel": np.ones((1, 1, 3, 3), np.float32),
    }
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in constants.items())
    node = helper.make_node
    model.graph.node.extend(
        [
            node("Reshape", ["f", "flat"], ["left"], name="flatten"),
            node("Transpose", ["left"], ["right"], name="turn", perm=[1, 0]),
            node("MatMul", ["left", "right"], ["product"], name="times"),
            node("Add", ["product", "more"], ["sum"], name="plus"),
            node("Reshape", ["sum", "image_of_it"], ["square"], name="square"),
            node("Conv", ["square", "kernel"], ["also"], name="also"),
        ]
    )
    output = helper.make_tensor_value_info("also", TensorProto.FLOAT, [1, 1, 254, 254])
    model.graph.output.append(output)
    result = chain.run(job(tmp_path, model, calibration(tmp_path)))
    assert result.outcome == "ok", result.reason
    assert result.facts["quantized"] == 3
    assert {"classify", "also"} < set(result.facts["fp32_nodes"])
    assert len(result.facts["fp32_nodes"]) == 3  # and the product


def test_nodes_without_names_and_products_of_activations(chain, tmp_path):
    model = segmenter()
    value = helper.make_tensor_value_info
    model.graph.node.append(helper.make_node("MatMul", ["f", "g2"], ["product"]))
    model.graph.node.append(helper.make_node("Transpose", ["f"], ["g2"], perm=[0, 1, 3, 2]))
    model.graph.output.append(value("product", TensorProto.FLOAT, [1, 8, 32, 32]))
    for node in model.graph.node:
        node.name = ""
    result = chain.run(job(tmp_path, graphs.in_order(model), calibration(tmp_path)))
    assert result.outcome == "ok", result.reason
    made = onnx.load(result.artifacts["onnx"].path)
    (product,) = [node for node in made.graph.node if node.op_type == "MatMul"]
    assert {made_by(made, name) for name in product.input} <= {
        "Transpose", "Relu", "DequantizeLinear",
    }  # fmt: skip
    assert readers(made, "product") == []
    assert len({node.name for node in made.graph.node}) == len(made.graph.node)
