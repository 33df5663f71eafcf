"""Keypoint and person networks by PaddleDetection.

Options: `network` TopDownHRNet with `backbone` LiteHRNet (`network_type`) or HRNet, `width`,
`joints`; or PicoDet with `backbone` ESNet (`scale`, `feature_maps`, `channel_ratio`), `neck`
CSPPAN, `head` PicoHead, `channels`, `head_convs`, `classes`. `input` is the height and width for
which the program is made.

The programs are those that PaddleDetection exports: a keypoint network ends in its heatmaps and
the index of each one's peak, PicoDet in the scores and box distributions of each stride, before
decoding and NMS, and for one image at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export import paddle_programs, paddle_weights, samples
from retable_export.contract import InputShape
from retable_export.errors import UnsupportedError

import paddle  # isort: skip # behind paddle_weights, which says why
from paddle import nn  # isort: skip
from ppdet.data.transform import operators  # isort: skip
from ppdet.modeling.architectures import PicoDet, TopDownHRNet  # isort: skip
from ppdet.modeling.backbones import ESNet, HRNet, LiteHRNet  # isort: skip
from ppdet.modeling.heads import PicoFeat, PicoHead  # isort: skip
from ppdet.modeling.losses.varifocal_loss import VarifocalLoss  # isort: skip
from ppdet.modeling.necks import CSPPAN  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

# Small, and many; multiples of the largest stride, 64.
_CALIBRATION = InputShape(batch=8, height=128, width=128)
_ONE = InputShape(batch=1, height=320, width=320)
_STRIDES = (8, 16, 32, 64)
_REG_MAX = 7
_MEAN, _DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Pose(nn.Layer):
    """Images [N, 3, H, W] -> heatmaps [N, joints, H/4, W/4], peaks [N, joints] int64.

    A peak is its place in the flattened heatmap.
    """

    outputs = ("heatmaps", "peaks")

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        made = {"freeze_at": -1, "freeze_norm": False, "return_idx": [0]}
        if options["backbone"] == "LiteHRNet":
            backbone = LiteHRNet(options["network_type"], **made)
        elif options["backbone"] == "HRNet":
            backbone = HRNet(width=options["width"], **made)
        else:
            raise UnsupportedError(f"exporter paddledet has no backbone {options['backbone']!r}")
        self.network = TopDownHRNet(
            options["width"], options["joints"], backbone, loss=None, post_process=None
        )
        self.network.deploy = True

    def forward(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        return list(self.network({"image": image})["keypoint"])


class Persons(nn.Layer):
    """An image [1, 3, H, W] -> of each stride scores [1, h w, classes], boxes [1, h w, 32].

    Scores are of order 0 to 1; boxes are distributions over 8 distances to each of 4 sides.
    """

    outputs = tuple(f"{what}_{stride}" for what in ("scores", "boxes") for stride in _STRIDES)

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        wanted = (options["backbone"], options["neck"], options["head"])
        if wanted != ("ESNet", "CSPPAN", "PicoHead"):
            raise UnsupportedError(f"exporter paddledet has no PicoDet of {', '.join(wanted)}")
        channels = options["channels"]
        backbone = ESNet(
            scale=options["scale"],
            feature_maps=options["feature_maps"],
            channel_ratio=options["channel_ratio"],
        )
        neck = CSPPAN(
            in_channels=[shape.channels for shape in backbone.out_shape],
            out_channels=channels,
            num_features=len(_STRIDES),
            # Its default is a list that each construction makes longer.
            spatial_scales=[1 / stride for stride in _STRIDES[:-1]],
        )
        features = PicoFeat(
            channels, channels, len(_STRIDES), options["head_convs"], share_cls_reg=True
        )
        head = PicoHead(
            features,
            num_classes=options["classes"],
            fpn_stride=list(_STRIDES),
            loss_class=VarifocalLoss(use_sigmoid=True),
            reg_max=_REG_MAX,
            feat_in_chan=channels,
            cell_offset=0.5,
        )
        self.network = PicoDet(backbone, neck, head)
        self.network.export_post_process = False

    def forward(self, image: paddle.Tensor) -> list[paddle.Tensor]:
        scores, boxes = self.network({"image": image})["picodet"]
        return [*scores, *boxes]


NETWORKS = {"TopDownHRNet": Pose, "PicoDet": Persons}


def native(
    options: Mapping[str, Any],
    weights: str,
    fetched: Mapping[str, Path],
    seed: int,
    folder: Path,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Make `state`, arrays by name, and Paddle's inference model: `model`, `params`, `interface`.

    Facts: those of `paddle_programs.weighted`.
    """
    paddle.seed(seed)
    network = built(options)
    files, facts = paddle_programs.weighted(
        network, weights, fetched, seed, _calibration(options), folder
    )
    batch = 1 if isinstance(network, Persons) else None
    sizes = (batch, *options["input"])
    return {**files, **paddle_programs.trace(network, sizes, network.outputs, folder)}, facts


def export(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    opset: int,
    path: Path,
) -> None:
    """Write ONNX by paddle2onnx: the same outputs."""
    network = loaded(options, native, shape)
    paddle_programs.export(network, shape, network.outputs, opset, path)


def reference(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    feeds: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Run the network itself, eagerly, on the CPU in FP32."""
    network = loaded(options, native, shape)
    return dict(zip(network.outputs, paddle_programs.computed(network, feeds)))  # noqa: B905


def sample(options: Mapping[str, Any], shape: InputShape, seed: int) -> dict[str, np.ndarray]:
    """Return smooth images as `image` [N, 3, H, W]."""
    return {"image": samples.smooth_images(shape, seed)}


def prepare(options: Mapping[str, Any], pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Return `image` of pictures uint8 [N, H, W, 3] RGB, by PaddleDetection's own transforms."""
    normalise = operators.NormalizeImage(mean=_MEAN, std=_DEVIATION, is_scale=True)
    permute = operators.Permute()
    ready = [permute(normalise({"image": picture.copy()}))["image"] for picture in pictures]
    return {"image": paddle.stack([paddle.to_tensor(one) for one in ready]).numpy()}


def built(options: Mapping[str, Any]) -> Pose | Persons:
    """Return the network, with Paddle's own initial weights."""
    if options["network"] not in NETWORKS:
        raise UnsupportedError(f"exporter paddledet has no network {options['network']!r}")
    with paddle.utils.unique_name.guard():  # its parameters' names do not depend on others
        return NETWORKS[options["network"]](options)


def loaded(
    options: Mapping[str, Any], native: Mapping[str, Path], shape: InputShape
) -> Pose | Persons:
    """Return the network with its native weights, for inputs of `shape`."""
    if [shape.height, shape.width] != options["input"]:
        height, width = options["input"]
        raise UnsupportedError(f"this network is made for {height}x{width}, not for {shape}")
    network = built(options)
    if isinstance(network, Persons) and shape.batch != 1:
        raise UnsupportedError("PicoDet, as PaddleDetection exports it, takes one image at a time")
    paddle_weights.load(network, native["state"])
    return network


def _calibration(options: Mapping[str, Any]) -> InputShape:
    return _ONE if options["network"] == "PicoDet" else _CALIBRATION
