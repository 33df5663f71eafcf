"""Segmentation networks by PaddleSeg.

Options: `network` (ANN, DANet, DeepLabV3P, DNLNet, EMANet, GCNet, PSPNet, UNet), `classes`, and all
that PaddleSeg's class of that name takes; those on a backbone have `backbone` (ResNet50_vd),
`output_stride` and, where it is not the usual, `multi_grid`.

Two programs come of one network. The one for Paddle Inference ends in the labels, as PaddleSeg
exports it for deployment; ONNX ends in the logits at the input's size, for a tail to follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export import paddle_programs, paddle_weights, samples
from retable_export.contract import InputShape
from retable_export.errors import UnsupportedError

import paddle  # isort: skip # behind paddle_weights, which says why
from paddle import nn  # isort: skip
from paddleseg import models, transforms  # isort: skip
from paddleseg.models import backbones  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

# Small, and many: normalisation after a 1x1 pool sees one value an image and channel.
_CALIBRATION = InputShape(batch=8, height=128, width=128)
_NETWORKS = ("ANN", "DANet", "DeepLabV3P", "DNLNet", "EMANet", "GCNet", "PSPNet", "UNet")
_ABOUT_US = ("network", "classes", "backbone", "output_stride", "multi_grid")
_ANY = (None, None, None)


class Segmentation(nn.Layer):
    """Images [N, 3, H, W] -> logits [N, classes, H, W], or labels [N, H, W] int32 (`labelling`)."""

    def __init__(self, network: nn.Layer) -> None:
        super().__init__()
        self.network = network
        self.labelling = False

    def forward(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        logits = self.network(image)[0]  # behind it the auxiliary heads', where there are
        if self.labelling:
            return [paddle.argmax(logits, axis=1, dtype="int32")]
        return [logits]


def native(
    options: Mapping[str, Any],
    weights: str,
    fetched: Mapping[str, Path],
    seed: int,
    folder: Path,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Make `state`, arrays by name, and Paddle's inference model: `model`, `params`, `interface`.

    The model takes any number of images of any size. Facts: those of
    `paddle_programs.weighted`.
    """
    paddle.seed(seed)
    network = built(options)
    files, facts = paddle_programs.weighted(network, weights, fetched, seed, _CALIBRATION, folder)
    network.labelling = True
    return {**files, **paddle_programs.trace(network, _ANY, ["labels"], folder)}, facts


def export(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    opset: int,
    path: Path,
) -> None:
    """Write ONNX by paddle2onnx."""
    paddle_programs.export(loaded(options, native), shape, ["logits"], opset, path)


def reference(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    feeds: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Run the network itself, eagerly, on the CPU in FP32."""
    (logits,) = paddle_programs.computed(loaded(options, native), feeds)
    return {"logits": logits}


def sample(options: Mapping[str, Any], shape: InputShape, seed: int) -> dict[str, np.ndarray]:
    """Return smooth images as `image` [N, 3, H, W]; PaddleSeg's own range is -1 to 1."""
    images = samples.smooth_images(shape, seed)
    return {"image": images / abs(images).max()}


def prepare(options: Mapping[str, Any], pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Return `image` of pictures uint8 [N, H, W, 3] RGB, by PaddleSeg's own transforms."""
    normalise = transforms.Compose([transforms.Normalize()], to_rgb=False)
    ready = [normalise({"img": picture.astype("float32")})["img"] for picture in pictures]
    return {"image": paddle.stack([paddle.to_tensor(one) for one in ready]).numpy()}


def built(options: Mapping[str, Any]) -> Segmentation:
    """Return the network, with PaddleSeg's own initial weights."""
    if options["network"] not in _NETWORKS:
        raise UnsupportedError(f"exporter paddleseg has no network {options['network']!r}")
    with paddle.utils.unique_name.guard():  # its parameters' names do not depend on others
        return Segmentation(_network(options))


def _network(options: Mapping[str, Any]) -> nn.Layer:
    said = {name: value for name, value in options.items() if name not in _ABOUT_US}
    if "backbone" in options:
        if options["backbone"] != "ResNet50_vd":
            raise UnsupportedError(f"exporter paddleseg has no backbone {options['backbone']!r}")
        grid = {"multi_grid": options["multi_grid"]} if "multi_grid" in options else {}
        said["backbone"] = backbones.ResNet50_vd(output_stride=options["output_stride"], **grid)
    network: nn.Layer = getattr(models, options["network"])(num_classes=options["classes"], **said)
    return network


def loaded(options: Mapping[str, Any], native: Mapping[str, Path]) -> Segmentation:
    """Return the network with its native weights."""
    network = built(options)
    paddle_weights.load(network, native["state"])
    return network
