"""The TensorFlow 2 detection zoo: official SavedModels, or the same architectures from a seed.

Options: those of `retable_export.zoo`. Input `input_tensor`, uint8 [1, H, W, 3], red, green, blue,
of any size: the network resizes it. Outputs, float32, as the zoo's: `detection_boxes` [1, N, 4]
(top, left, bottom, right, of the image's 1), `detection_classes` [1, N] (COCO's numbers),
`detection_scores` [1, N], `num_detections` [1]; and `detection_masks` [1, N, 33, 33],
`detection_keypoints` [1, N, 17, 2], `detection_keypoint_scores` [1, N, 17], raw boxes and scores,
where the architecture gives them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Two runs must add in the same order: the vendor's kernels choose theirs by the machine.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Otherwise tf2onnx copies a graph, weights and all, before each step of its optimizing, to go on
# without a step that fails. Whatever the variable's value, a step that fails now fails the export.
os.environ.setdefault("TF2ONNX_CATCH_ERRORS", "FALSE")

import numpy as np
import onnx
import tensorflow as tf
from google.protobuf.message import DecodeError

from retable_export import samples
from retable_export.contract import InputShape
from retable_export.errors import JobError, UnsupportedError
from retable_export.zoo import saved_models

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INPUT = "input_tensor"
_GREY, _CONTRAST = 118.0, 55.0  # a photograph's mean and deviation, of 255
_BLOCK = 16  # pixels: of an image with edges everywhere, a square of one colour


def native(
    options: Mapping[str, Any],
    weights: str,
    fetched: Mapping[str, Path],
    seed: int,
    folder: Path,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Keep the zoo's own SavedModel, or make one from the seed; its files by name.

    Facts: `parameters`, `weights`, `detections`: of a smooth image, their `number`, how many
    `classes` and different `scores` (to 6 digits) they have, the `lowest` and `highest` of these.
    """
    if weights == "official":
        files = saved_models.placed(fetched, folder)
        facts: dict[str, Any] = {}
    else:
        files, facts = _random(options, seed, folder)
    function = saved_models.loaded(files)
    image = _photograph(InputShape(1, options["height"], options["width"]), seed + 1)
    outputs = _run(function, {INPUT: image})
    described = {"parameters": saved_models.parameters(function), "weights": weights}
    return files, {**described, **facts, "detections": _detections(outputs)}


def _random(
    options: Mapping[str, Any], seed: int, folder: Path
) -> tuple[dict[str, Path], dict[str, Any]]:
    from retable_export.zoo import networks  # the Object Detection API, which others do not need

    _repeatable(seed)
    network, module = networks.module_of(options)
    function = module.__call__.get_concrete_function()
    networks.draw(saved_models.variables_of(function), seed)
    shape = InputShape(1, options["height"], options["width"])
    facts = networks.calibrate(network, _unlike(shape, seed))
    return saved_models.save(function, folder), facts


def export(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    opset: int,
    path: Path,
) -> None:
    """Write ONNX by tf2onnx, for images of one size; UnsupportedError where it cannot.

    The outputs' shapes are fixed to those of a smooth image: they are the same for any, because the
    zoo's networks fill up what they find to a number of their own.
    """
    import tf2onnx

    _check(shape)
    signature = [tf.TensorSpec([1, shape.height, shape.width, 3], tf.uint8, name=INPUT)]
    function = _fixed(saved_models.loaded(native), shape)
    try:
        made, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=opset)
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:
        raise refusal(error) from error
    _make_constant(made.graph, _held(function.get_concrete_function(*signature)))
    onnx.save(made, path)


def refusal(error: Exception) -> Exception:
    """What a failed conversion means: no memory, or a network that tf2onnx does not know.

    It parses nothing but parts of the graph that it has just written, to copy them: where protobuf
    cannot, there is no room for the copy (so seen with Mask R-CNN under a limit).
    """
    import tf2onnx

    if isinstance(error, DecodeError):
        return MemoryError(f"tf2onnx {tf2onnx.__version__}, copying a part of the graph: {error}")
    return UnsupportedError(f"tf2onnx {tf2onnx.__version__} cannot convert this network: {error}")


def _fixed(function: Any, shape: InputShape) -> Any:
    """The function for images of one size, with the shapes of what it gives for such an image."""
    found = _run(function, {INPUT: _photograph(shape, 0)})

    @tf.function
    def detections(image: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = function(input_tensor=image)
        return {name: tf.ensure_shape(outputs[name], found[name].shape) for name in found}

    return detections


def _held(function: Any) -> dict[str, np.ndarray]:
    """The tensors, of anchors say, that a function holds beside its variables, by name."""
    return {
        inner.name: outer.numpy()
        for outer, inner in function.graph.captures
        if outer.dtype != tf.resource
    }


def _make_constant(graph: onnx.GraphProto, held: Mapping[str, np.ndarray]) -> None:
    """Turn the inputs that tf2onnx makes of a function's own tensors into constants."""
    for one in [one for one in graph.input if one.name in held]:
        graph.initializer.append(onnx.numpy_helper.from_array(held[one.name], one.name))
        graph.input.remove(one)


def reference(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    feeds: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Run TensorFlow itself on the CPU in FP32."""
    _check(shape)
    _repeatable(0)
    return _run(saved_models.loaded(native), feeds)


def sample(options: Mapping[str, Any], shape: InputShape, seed: int) -> dict[str, np.ndarray]:
    """Return a smooth image as `input_tensor`, uint8 [1, H, W, 3]."""
    _check(shape)
    return {INPUT: _photograph(shape, seed)}


def prepare(options: Mapping[str, Any], pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Return pictures uint8 [N, H, W, 3], red, green, blue, as the network takes them: so."""
    return {INPUT: np.ascontiguousarray(pictures, np.uint8)}


def _check(shape: InputShape) -> None:
    if shape.batch != 1:
        raise UnsupportedError(
            f"the detection zoo's networks take one image at a time, not {shape.batch}"
        )


def _photograph(shape: InputShape, seed: int) -> np.ndarray:
    """A smooth image uint8 [1, H, W, 3] from the seed."""
    smooth = samples.smooth_images(shape, seed).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(np.clip(_GREY + _CONTRAST * smooth, 0, 255), np.uint8)


def _unlike(shape: InputShape, seed: int) -> np.ndarray:
    """Images uint8 [2, H, W, 3] from the seed: a smooth one, and one of squares of any colour."""
    rows, columns = (-(-size // _BLOCK) for size in (shape.height, shape.width))
    colours = np.random.RandomState(seed).randint(0, 256, (1, rows, columns, 3))
    squares = colours.repeat(_BLOCK, axis=1).repeat(_BLOCK, axis=2).astype(np.uint8)
    squares = squares[:, : shape.height, : shape.width]
    return np.concatenate([_photograph(shape, seed), squares])


def _repeatable(seed: int) -> None:
    """The same numbers every time; the order of a sum must not depend on the count of cores."""
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)


def _run(function: Any, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if set(feeds) != {INPUT}:
        raise JobError(f"the network's input is {INPUT!r}, the sample has {', '.join(feeds)}")
    outputs = function(input_tensor=tf.constant(feeds[INPUT]))
    return {name: outputs[name].numpy() for name in sorted(outputs)}


def _detections(outputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What the network found in an image: whether suppression had anything to choose from."""
    number = int(outputs["num_detections"][0])
    scores = outputs["detection_scores"][0, :number]
    return {
        "number": number,
        "classes": len(np.unique(outputs["detection_classes"][0, :number])),
        "scores": len(np.unique(np.round(scores, 6))),
        "lowest": float(scores.min()) if number else None,
        "highest": float(scores.max()) if number else None,
    }
