"""SSD (arXiv:1512.02325) on MobileNet and ResNet, with and without a pyramid of features.

Options: `backbone`: mobilenet_v2, mobilenet_v1_fpn, mobilenet_v2_fpnlite, resnet50_v1_fpn,
resnet101_v1_fpn, resnet152_v1_fpn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export.zoo.pipelines import fixed_size, hyperparams, one_of, suppression

if TYPE_CHECKING:
    from collections.abc import Mapping

NORMAL = "random_normal_initializer { stddev: 0.01 }"
TRUNCATED = "truncated_normal_initializer { stddev: 0.03 }"
NORM = "scale: true decay: 0.997 epsilon: 0.001"
LEVELS = "min_level: 3 max_level: 7"

# What training only asks for, and the API builds all the same; boxes are coded as by Faster R-CNN.
COMMON = """
    encode_background_as_zeros: true
    box_coder { faster_rcnn_box_coder { y_scale: 10 x_scale: 10 height_scale: 5 width_scale: 5 } }
    matcher { argmax_matcher { } }
    similarity_calculator { iou_similarity { } }
    loss {
      classification_loss { weighted_sigmoid_focal { } }
      localization_loss { weighted_smooth_l1 { } }
    }
"""


def model(options: Mapping[str, Any]) -> str:
    """The text of the pipeline's `model`."""
    parts = one_of(BACKBONES, options, "backbone")
    return ssd(options, resizer=fixed_size(options), iou=0.6, **parts)


def ssd(
    options: Mapping[str, Any],
    *,
    resizer: str,
    anchors: str,
    predictor: str,
    extractor: str,
    iou: float,
    besides: str = "",
) -> str:
    """The message of an SSD whose parts are given."""
    return f"""ssd {{
    num_classes: {options["classes"]} {besides}
    image_resizer {{ {resizer} }}
    anchor_generator {{ {anchors} }}
    box_predictor {{ {predictor} }}
    feature_extractor {{ {extractor} }}
    post_processing {{ {suppression(1e-8, iou, "SIGMOID")} }}
    {COMMON} }}"""


def pyramid_anchors(scales_per_octave: int) -> str:
    """Anchors of RetinaNet (arXiv:1708.02002): three aspects at each scale, on levels 3 to 7."""
    return (
        f"multiscale_anchor_generator {{ {LEVELS} anchor_scale: 4 aspect_ratios: [1, 2, 0.5] "
        f"scales_per_octave: {scales_per_octave} }}"
    )


def shared_predictor(depth: int, layers: int, convolutions: str, besides: str = "") -> str:
    """One predictor for all levels: `layers` convolutions of 3 x 3, then boxes and classes."""
    return (
        f"weight_shared_convolutional_box_predictor {{ depth: {depth} {besides} "
        f"num_layers_before_predictor: {layers} kernel_size: 3 class_prediction_bias_init: -4.6 "
        f"conv_hyperparams {{ {convolutions} }} }}"
    )


def _single() -> dict[str, str]:
    """Six maps of features, each with a predictor of its own."""
    norm = NORM.replace("0.997", "0.97")
    return {
        "anchors": (
            "ssd_anchor_generator { num_layers: 6 min_scale: 0.2 max_scale: 0.95 "
            "aspect_ratios: [1, 2, 0.5, 3, 0.3333] }"
        ),
        "predictor": (
            "convolutional_box_predictor { min_depth: 0 max_depth: 0 use_dropout: false "
            "num_layers_before_predictor: 0 kernel_size: 1 box_code_size: 4 "
            "apply_sigmoid_to_scores: false class_prediction_bias_init: -4.6 "
            f"conv_hyperparams {{ {hyperparams(NORMAL, activation='RELU_6', norm=norm)} }} }}"
        ),
        "extractor": (
            "type: 'ssd_mobilenet_v2_keras' min_depth: 16 depth_multiplier: 1 "
            "override_base_feature_extractor_hyperparams: true "
            f"conv_hyperparams {{ {hyperparams(TRUNCATED, activation='RELU_6', norm=norm)} }}"
        ),
    }


def _pyramid(kind: str, initializer: str, depth: int = 256, light: bool = False) -> dict[str, str]:
    """Features by a pyramid (arXiv:1612.03144); `light`: with separable convolutions."""
    separable = "use_depthwise: true" if light else ""
    predicting = hyperparams(NORMAL, activation="RELU_6", norm=NORM)
    extracting = hyperparams(initializer, activation="RELU_6", norm=NORM)
    levels = f"{LEVELS} additional_layer_depth: {depth}" if light else LEVELS
    shared = f"{separable} share_prediction_tower: true" if light else ""
    return {
        "anchors": pyramid_anchors(2),
        "predictor": shared_predictor(depth, 4, predicting, shared),
        "extractor": (
            f"type: '{kind}' {separable} fpn {{ {levels} }} min_depth: 16 depth_multiplier: 1 "
            "override_base_feature_extractor_hyperparams: true "
            f"conv_hyperparams {{ {extracting} }}"
        ),
    }


BACKBONES = {
    "mobilenet_v2": _single(),
    "mobilenet_v1_fpn": _pyramid("ssd_mobilenet_v1_fpn_keras", NORMAL),
    "mobilenet_v2_fpnlite": _pyramid("ssd_mobilenet_v2_fpn_keras", NORMAL, 128, light=True),
    **{
        f"resnet{layers}_v1_fpn": _pyramid(f"ssd_resnet{layers}_v1_fpn_keras", TRUNCATED)
        for layers in (50, 101, 152)
    },
}
