"""Faster R-CNN (arXiv:1506.01497) and Mask R-CNN (arXiv:1703.06870).

Options: `backbone`: resnet50, resnet101, resnet152, inception_resnet_v2; `resizer`: `fixed` (the
default), or `aspect`, which pads; `static: true` where all shapes inside are fixed; `masks: true`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retable_export.zoo.pipelines import (
    fixed_size,
    hyperparams,
    kept_aspect,
    one_of,
    suppression,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMALL = "truncated_normal_initializer { stddev: 0.01 }"
_DENSE = "variance_scaling_initializer { factor: 1 uniform: true mode: FAN_AVG }"
_RESIZERS = {"fixed": fixed_size, "aspect": kept_aspect}
# The zoo's networks for TPUs: no size depends on the image.
_STATIC = """
    use_static_shapes: true use_matmul_crop_and_resize: true clip_anchors_to_image: true
    use_static_balanced_label_sampler: true use_matmul_gather_in_matcher: true
"""
_MASKS = """
      predict_instance_masks: true mask_height: 33 mask_width: 33
      mask_prediction_conv_depth: 0 mask_prediction_num_conv_layers: 4
"""


class Backbone(NamedTuple):
    """The features' network, and how regions are cut out of them: size of the crop, pooling."""

    kind: str
    crop: int
    pool: int


BACKBONES = {
    **{f"resnet{layers}": Backbone(f"resnet{layers}", 14, 2) for layers in (50, 101, 152)},
    "inception_resnet_v2": Backbone("inception_resnet_v2", 17, 1),
}


def model(options: Mapping[str, Any]) -> str:
    """The text of the pipeline's `model`."""
    backbone = one_of(BACKBONES, options, "backbone")
    resizer = one_of(_RESIZERS, {"resizer": "fixed", **options}, "resizer")
    static, masks = options.get("static"), options.get("masks")
    convolution = hyperparams(_SMALL, op="CONV")
    return f"""faster_rcnn {{
    num_classes: {options["classes"]} number_of_stages: {3 if masks else 2}
    image_resizer {{ {resizer(options)} }}
    feature_extractor {{
      type: 'faster_rcnn_{backbone.kind}_keras' {"batch_norm_trainable: true" if static else ""}
    }}
    first_stage_anchor_generator {{ grid_anchor_generator {{
      scales: [0.25, 0.5, 1, 2] aspect_ratios: [0.5, 1, 2] height_stride: 16 width_stride: 16
    }} }}
    first_stage_box_predictor_conv_hyperparams {{ {convolution} }}
    first_stage_nms_score_threshold: 0 first_stage_nms_iou_threshold: 0.7
    first_stage_max_proposals: 300
    initial_crop_size: {backbone.crop}
    maxpool_kernel_size: {backbone.pool} maxpool_stride: {backbone.pool}
    second_stage_box_predictor {{ mask_rcnn_box_predictor {{
      use_dropout: false dropout_keep_probability: 1
      fc_hyperparams {{ {hyperparams(_DENSE, op="FC")} }}
      {"share_box_across_classes: true" if static else ""}
      {f"{_MASKS} conv_hyperparams {{ {convolution} }}" if masks else ""}
    }} }}
    second_stage_post_processing {{
      {suppression(0.0, 0.6, "SOFTMAX", total=300 if static else 100)}
    }}
    {_STATIC if static else ""} {"resize_masks: false" if masks else ""} }}"""
