"""The whole chain in an environment that has onnx and numpy only."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from retable_export import compare
from retable_export.contract import InputShape
from retable_export.samples import smooth_images

TAILS = (
    *("argmax", "fused_argmax", "reducemax", "fused_reducemax"),
    *("interpolate_softmax", "interpolate_softmax_max"),
)


def test_every_step_ends_well_and_describes_what_it_made(null_results):
    for name, result in null_results.items():
        assert result.outcome == "ok", (name, result.reason)
        assert result.versions["onnx"] == onnx.__version__
        for made in result.artifacts.values():
            content = Path(made.path).read_bytes()
            assert (made.bytes, made.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_facts_of_a_graph_are_the_graphs(null_results):
    exported = null_results["none"]
    assert exported.facts == {
        "inputs": [{"name": "image", "shape": [1, 3, 64, 96], "dtype": "float32"}],
        "outputs": [{"name": "logits", "shape": [1, 19, 64, 96], "dtype": "float32"}],
        "nodes": 3,
        "opset": 13,
        "gflops": pytest.approx(2e-9 * 19 * 3 * 8 * 12),
    }
    assert null_results["native"].facts["parameters"] == 19 * 3 + 19
    labels = null_results["fused_argmax"].facts
    assert (labels["outputs"][0]["name"], labels["opset"], labels["nodes"]) == ("labels", 13, 7)


def test_the_sample_is_smooth_and_of_the_range_of_a_normalised_image(null_results):
    with np.load(null_results["sample"].artifacts["sample"].path) as archive:
        image = archive["image"]
    assert (image.dtype, image.shape) == (np.float32, (1, 3, 64, 96))
    assert 0.5 < image.std() < 1.5
    assert np.abs(image).max() <= 2.5
    assert np.abs(np.diff(image, axis=-1)).mean() < image.std() / 2


def test_another_seed_is_another_sample():
    shape = InputShape(2, 16, 24)
    np.testing.assert_array_equal(smooth_images(shape, 3), smooth_images(shape, 3))
    assert not np.array_equal(smooth_images(shape, 3), smooth_images(shape, 4))


def test_the_graph_agrees_with_its_numpy_twin(null_results):
    facts = {tail: null_results[f"fidelity/{tail}"].facts for tail in ("none", *TAILS)}
    assert facts["none"]["relative"] < 1e-6
    assert facts["none"]["runtime"].split()[0] in ("onnx.reference", "onnxruntime")
    assert facts["argmax"]["agreement"] > 0.999
    assert facts["argmax"]["against_definition"] == 1.0
    assert facts["fused_argmax"]["against_definition"] == 1.0
    assert 0.8 < facts["fused_argmax"]["agreement"] < 1.0
    assert facts["fused_argmax"]["classes_present"] > 3
    assert facts["reducemax"]["against_definition"] == 0.0
    assert facts["fused_reducemax"]["against_definition"] < 1e-5
    assert facts["fused_reducemax"]["max_abs"] > facts["reducemax"]["max_abs"]
    assert facts["interpolate_softmax"]["max_abs"] < 1e-6
    assert facts["interpolate_softmax"]["against_definition"] < 1e-6
    best = facts["interpolate_softmax_max"]
    assert (best["agreement"], best["against_definition"]) == (1.0, 1.0)
    assert best["outputs"]["values"]["max_abs"] < 1e-6


def test_the_same_jobs_give_the_same_bytes(null_results, chain_in, tmp_path):
    again = chain_in(tmp_path, "null").everything(64, 96)
    for name, result in null_results.items():
        for key, made in result.artifacts.items():
            assert again[name].artifacts[key].sha256 == made.sha256, (name, key)


def test_several_images_go_in_at_once(null_results, chain_in, tmp_path):
    exported = chain_in(tmp_path, "null").export(null_results["native"].artifacts, 16, 24, batch=3)
    assert exported.facts["outputs"][0]["shape"] == [3, 19, 16, 24]


def test_labels_as_good_as_the_best_are_counted_as_ties_and_worse_ones_are_not():
    scores = np.zeros((1, 2, 1, 3))
    scores[0, :, 0, 0], scores[0, :, 0, 1], scores[0, :, 0, 2] = (1, 0), (1, 1 - 1e-7), (1, 0.9)
    found = np.array([[[[0, 1, 1]]]])
    facts = compare.labels_by_definition(found, scores)
    assert facts == {"against_definition": pytest.approx(2 / 3), "tied": 1}
