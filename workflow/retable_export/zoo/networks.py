"""A network of the zoo as the Object Detection API builds it, with weights from a seed.

What the API's own initialisers give is no detector to measure: activations fade or explode through
layers whose normalisation has never seen an image, and all scores are alike, so that suppression
has nothing to do. Here convolutions are drawn by He's rule (arXiv:1502.01852), each normalisation
takes the statistics of a few images, and the last layer of each head is scaled so that its outputs
have a spread, and a mean, that detections come out of.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from object_detection.builders import model_builder
from object_detection.exporter_lib_v2 import DetectionFromImageModule
from object_detection.protos import model_pb2

from retable_export.errors import JobError
from retable_export.zoo import center_net, efficientdet, faster_rcnn, ssd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FAMILIES = {
    "ssd": ssd.model,
    "efficientdet": efficientdet.model,
    "faster_rcnn": faster_rcnn.model,
}
CENTER_NET = "center_net"
_LINEAR = (tf.keras.layers.Conv2D, tf.keras.layers.SeparableConv2D, tf.keras.layers.Dense)
_LEAST = 1e-12  # a deviation, where all outputs are alike
_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


class Spread(NamedTuple):
    """The deviation that a head's outputs are to have, and the mean; None: as it is."""

    deviation: float
    mean: float | None = None


CLASSES = Spread(1.0)
BOXES = Spread(0.5)
# The last layers of the heads, by the names that the API gives them.
HEADS = {
    "ClassPredictor": CLASSES,
    "ClassPredictor_dense": Spread(2.0),  # for a softmax: the best of 91 stands out
    "BoxPredictor": BOXES,
    "BoxEncodingPredictor": BOXES,
    "BoxEncodingPredictor_dense": BOXES,
}
# Those of CenterNet have none, but their heads do. In pixels of a map at a quarter of the image.
CENTER_HEADS = {
    "object_center": CLASSES,
    "box/scale": Spread(6.0, 20.0),
    "box/offset": Spread(0.2, 0.5),
    "keypoint/heatmap": CLASSES,
    "keypoint/offset": Spread(0.2, 0.5),
    "keypoint/regression": Spread(8.0),
}


def module_of(
    options: Mapping[str, Any],
) -> tuple[tf.keras.layers.Layer, DetectionFromImageModule]:
    """Return the network, and what the zoo exports of it: detections of an image uint8."""
    network = _built(options)
    return network, DetectionFromImageModule(network)


def _built(options: Mapping[str, Any]) -> tf.keras.layers.Layer:
    """Have the API build the network that the options ask for; JobError for one of no family."""
    family = options.get("family")
    with tempfile.TemporaryDirectory(prefix="retable-zoo-") as folder:
        if family == CENTER_NET:
            labels = Path(folder, "labels.pbtxt")
            labels.write_text(center_net.label_map(), encoding="utf-8")
            text = center_net.model(options, str(labels))
        elif family in FAMILIES:
            text = FAMILIES[family](options)
        else:
            raise JobError(f"no family {family!r} in the detection zoo: it has {_families()}")
        return model_builder.build(text_format.Parse(text, model_pb2.DetectionModel()), False)


def _families() -> str:
    return ", ".join(sorted([*FAMILIES, CENTER_NET]))


def draw(variables: list[tf.Variable], seed: int) -> None:
    """Give every kernel He's normal values, in the order of the variables; the rest stays."""
    # RandomState's streams are frozen for good; TensorFlow's may change with its version.
    random = np.random.RandomState(seed)
    for variable in variables:
        kind = variable.name.rsplit("/", 1)[-1].partition(":")[0]
        if kind in _KERNELS:
            shape = tuple(variable.shape)
            inputs = np.prod(shape[:2] if kind == "depthwise_kernel" else shape[:-1])
            drawn = random.standard_normal(shape) * np.sqrt(2.0 / inputs)
            variable.assign(drawn.astype(np.float32))


def calibrate(network: tf.keras.layers.Layer, images: np.ndarray) -> dict[str, int]:
    """Run the network once on images uint8 [N, H, W, 3], each layer set before it goes on.

    They should be unlike each other: of one alone, deep maps of few pixels tell too little, and
    another image's activations grow with every layer. Returns how many normalisations and heads
    were set.
    """
    heads = dict(_heads(network))
    # By what they have: TensorFlow 1's, which the API takes, are not of TensorFlow 2's class.
    norms = [layer for layer in network.submodules if hasattr(layer, "moving_variance")]
    for layer in norms:
        layer.call = _normalising(layer)
    for layer, spread in heads.items():
        layer.call = _spreading(layer, spread)
    network.predict(*network.preprocess(tf.cast(images, tf.float32)))
    for layer in (*norms, *heads):
        del layer.call  # the class's own again
    return {"normalisations": len(norms), "heads": len(heads)}


def _heads(network: tf.keras.layers.Layer) -> Iterator[tuple[tf.keras.layers.Layer, Spread]]:
    """The last layers of the heads, each with what it is to give."""
    for name, stages in getattr(network, "_prediction_head_dict", {}).items():
        spread = next(each for end, each in CENTER_HEADS.items() if name.endswith(end))
        for stage in stages:
            yield stage.layers[-1], spread
    for layer in network.submodules:
        if isinstance(layer, _LINEAR) and layer.name in HEADS:
            yield layer, HEADS[layer.name]


def _normalising(layer: tf.keras.layers.Layer) -> Callable[..., tf.Tensor]:
    """The layer's call, which takes its statistics from what comes in."""
    inner = layer.call

    def call(inputs: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
        mean, variance = tf.nn.moments(inputs, list(range(len(inputs.shape) - 1)))
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
        return inner(inputs, *args, **kwargs)

    return call


def _spreading(layer: tf.keras.layers.Layer, spread: Spread) -> Callable[..., tf.Tensor]:
    """The layer's call, which at the first one scales the kernel to give that spread."""
    inner, waiting = layer.call, [True]

    def call(inputs: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
        if waiting:
            waiting.clear()
            outputs = inner(inputs, *args, **kwargs).numpy()
            kernel = getattr(layer, "pointwise_kernel", None)
            kernel = layer.kernel if kernel is None else kernel
            kernel.assign(kernel * (spread.deviation / max(float(outputs.std()), _LEAST)))
            if spread.mean is not None and layer.bias is not None:
                layer.bias.assign(tf.fill(layer.bias.shape, spread.mean))
        return inner(inputs, *args, **kwargs)

    return call
