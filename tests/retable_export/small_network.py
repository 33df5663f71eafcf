"""A segmentation network of every kind of layer that INT8 treats in its own way, well behaved.

Random weights make deep networks chaotic: what rounding changes in one layer grows in the next. The
kernels here are blurs, edges and mixtures of colours, so that what goes wrong is what was planted.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

CLASSES = 6
CHANNELS = 8
STRIDE = 4
BLUR = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 16


def segmenter(height: int = 64, width: int = 96, batch: int = 1) -> ModelProto:
    """Image [N, 3, H, W] -> logits [N, 6, H, W]: Conv, Relu, Add, AveragePool, Concat, Resize."""
    random = np.random.RandomState(11)
    mixtures = random.uniform(-1, 1, (CHANNELS, 3, 1, 1)).astype(np.float32)
    scales = np.linspace(0.5, 2, CHANNELS, dtype=np.float32)[:, None, None, None]
    constants = {
        "colours": mixtures * BLUR * scales,
        "colours_bias": 0.1 * random.standard_normal(CHANNELS).astype(np.float32),
        "blur": np.broadcast_to(BLUR, (CHANNELS, 1, 3, 3)) / scales,
        "mix": 0.5 * random.standard_normal((CHANNELS, CHANNELS, 1, 1)).astype(np.float32),
        "mix_bias": 0.1 * random.standard_normal(CHANNELS).astype(np.float32),
        "classify": random.standard_normal((CLASSES, 2 * CHANNELS, 1, 1)).astype(np.float32),
        "classify_bias": 0.1 * random.standard_normal(CLASSES).astype(np.float32),
        "sizes": np.array([batch, CLASSES, height, width], np.int64),
    }
    pads = {"pads": [1, 1, 1, 1]}
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "colours", "colours_bias"], ["a"], name="colours", **pads),
        node("Relu", ["a"], ["b"], name="relu"),
        node("Conv", ["b", "blur"], ["c"], name="blur", group=CHANNELS, strides=[2, 2], **pads),
        node("Conv", ["c", "mix", "mix_bias"], ["d"], name="mix"),
        node("Add", ["c", "d"], ["e"], name="add"),
        node("Relu", ["e"], ["f"], name="relu2"),
        node("AveragePool", ["f"], ["g"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("MaxPool", ["f"], ["h"], name="max", kernel_shape=[2, 2], strides=[2, 2]),
        node("Concat", ["g", "h"], ["i"], name="concat", axis=1),
        node("Conv", ["i", "classify", "classify_bias"], ["j"], name="classify"),
        node("Resize", ["j", "", "", "sizes"], ["logits"], name="enlarge", mode="linear"),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "small",
        [value("image", TensorProto.FLOAT, [batch, 3, height, width])],
        [value("logits", TensorProto.FLOAT, [batch, CLASSES, height, width])],
        [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
