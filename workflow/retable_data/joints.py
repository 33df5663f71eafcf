"""The joints of COCO's and MPII's persons: their order, their mirror images, how exact they are."""

import numpy as np

COCO = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
# The deviation of human annotators by joint, in square roots of the person's area:
# https://cocodataset.org/#keypoints-eval
COCO_SIGMAS = (
    np.array(
        [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89],
    )
    / 1000
)
COCO_SKELETON = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9],
    [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip

MPII = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "pelvis",
    "thorax",
    "upper_neck",
    "head_top",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
)
MPII_SCALE = 200.0  # pixels: MPII's `scale` is a person's height in units of these


def mirrored(names: tuple[str, ...]) -> list[int]:
    """Return, for each joint, the place of the one that a mirror shows there."""
    swapped = {"left": "right", "right": "left"}
    return [
        names.index("_".join(swapped.get(word, word) for word in name.split("_"))) for name in names
    ]
