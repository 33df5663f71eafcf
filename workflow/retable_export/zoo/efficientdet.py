"""EfficientDet (arXiv:1911.09070). Options: `backbone`: d0 to d7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retable_export.zoo.pipelines import hyperparams, kept_aspect, one_of
from retable_export.zoo.ssd import NORMAL, TRUNCATED, pyramid_anchors, shared_predictor, ssd

if TYPE_CHECKING:
    from collections.abc import Mapping

NORM = "scale: true decay: 0.99 epsilon: 0.001"


class Size(NamedTuple):
    """A size of the family: EfficientNet's, the BiFPN's repeats and channels, the heads' depth."""

    network: int
    repeats: int
    channels: int
    layers: int
    sums: bool = False  # the BiFPN adds without weights, for stability


BACKBONES = {
    "d0": Size(0, 3, 64, 3),
    "d1": Size(1, 4, 88, 3),
    "d2": Size(2, 5, 112, 3),
    "d3": Size(3, 6, 160, 4),
    "d4": Size(4, 7, 224, 4),
    "d5": Size(5, 7, 288, 4),
    "d6": Size(6, 8, 384, 5, sums=True),
    "d7": Size(6, 8, 384, 5, sums=True),
}


def model(options: Mapping[str, Any]) -> str:
    """The text of the pipeline's `model`."""
    size = one_of(BACKBONES, options, "backbone")
    predicting = hyperparams(NORMAL, activation="SWISH", norm=NORM, bias=True)
    extracting = hyperparams(TRUNCATED, activation="SWISH", norm=NORM, bias=True)
    combined = "combine_method: 'sum'" if size.sums else ""
    return ssd(
        options,
        besides="add_background_class: false",
        resizer=kept_aspect(options),
        iou=0.5,
        anchors=pyramid_anchors(3),
        predictor=shared_predictor(size.channels, size.layers, predicting, "use_depthwise: true"),
        extractor=(
            f"type: 'ssd_efficientnet-b{size.network}_bifpn_keras' "
            f"bifpn {{ min_level: 3 max_level: 7 num_iterations: {size.repeats} "
            f"num_filters: {size.channels} {combined} }} conv_hyperparams {{ {extracting} }}"
        ),
    )
