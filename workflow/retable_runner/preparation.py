"""From pictures to a network's input, as the model's file says it."""

import numpy as np


def prepared(pictures, preparation):
    """Return {input name: tensor} of `pictures`, uint8 [N, H, W, 3] in RGB.

    `preparation` is that of the model's file: channels in `order`, then (value / divide - mean) /
    std, with a mean and a std a channel, in float32; `layout` is that of the tensor, [N, 3, H, W]
    (nchw) or [N, H, W, 3] (nhwc). With the dtype uint8 the values stay as they are.
    """
    ordered = pictures[..., ::-1] if preparation["order"] == "bgr" else pictures
    if preparation["dtype"] != "uint8":
        divide, mean, std = (
            np.asarray(preparation[key], np.float32) for key in ("divide", "mean", "std")
        )
        ordered = (ordered.astype(np.float32) / divide - mean) / std
    if preparation["layout"] == "nchw":
        ordered = ordered.transpose(0, 3, 1, 2)
    return {preparation["input"]: np.ascontiguousarray(ordered)}
