"""CenterNet (arXiv:1904.07850).

Options: `backbone`: hourglass_104, resnet_v1_50_fpn, resnet_v1_101_fpn, resnet_v2_50,
mobilenet_v2_fpn; `keypoints`: true where those of persons are found too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export.zoo.pipelines import kept_aspect, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# Trained on images of blue, green, red, normalised by these.
_HOURGLASS = (
    "bgr_ordering: true channel_means: [104.01362025, 114.03422265, 119.9165958] "
    "channel_stds: [73.6027665, 69.89082075, 70.9150767]"
)
BACKBONES = {
    "hourglass_104": ("hourglass_104", _HOURGLASS, ""),
    "resnet_v1_50_fpn": ("resnet_v1_50_fpn", "", ""),
    "resnet_v1_101_fpn": ("resnet_v1_101_fpn", "", ""),
    "resnet_v2_50": ("resnet_v2_50", "", ""),
    "mobilenet_v2_fpn": ("mobilenet_v2_fpn_sep_conv", "", "use_depthwise: true"),
}
PERSON = "person"
KEYPOINTS = (
    "nose",
    *(
        f"{side}_{part}"
        for part in ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        for side in ("left", "right")
    ),
)
_L1 = "localization_loss { l1_localization_loss { } }"
_FOCAL = "classification_loss { penalty_reduced_logistic_focal_loss { alpha: 2 beta: 4 } }"


def model(options: Mapping[str, Any], labels: str) -> str:
    """The text of the pipeline's `model`; `labels` is the path of a file that holds `label_map`."""
    kind, pixels, besides = one_of(BACKBONES, options, "backbone")
    return f"""center_net {{
    num_classes: {options["classes"]} {besides}
    feature_extractor {{ type: '{kind}' {pixels} }}
    image_resizer {{ {kept_aspect(options)} }}
    object_detection_task {{ {_L1} }}
    object_center_params {{
      {_FOCAL} min_box_overlap_iou: 0.7 max_box_predictions: {options.get("boxes", 100)}
    }}
    {_keypoints(labels) if options.get("keypoints") else ""} }}"""


def label_map() -> str:
    """The text of a label map: persons, and what their keypoints are called."""
    points = " ".join(
        f"keypoints {{ id: {number} label: '{name}' }}" for number, name in enumerate(KEYPOINTS)
    )
    return f"item {{ id: 1 name: '{PERSON}' {points} }}"


def _keypoints(labels: str) -> str:
    return f"""keypoint_label_map_path: '{labels}'
    keypoint_estimation_task {{
      task_name: 'human_pose' keypoint_class_name: '{PERSON}'
      loss {{ {_L1} {_FOCAL} }}
      offset_peak_radius: 3 per_keypoint_offset: true
    }}"""
