"""A real segmentation graph of three nodes, without a framework: the chain's own test network.

Averages of 8 x 8 pixels, a 1x1 convolution to the classes, and a linear Resize back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from retable_export import graphs, interpolate, samples
from retable_export.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import onnx

    from retable_export.contract import InputShape

STRIDE = 8
_CHANNELS = 3
_CLASSES = 19
_IR_VERSION = 7  # the one that came with opset 13 (onnx 1.8)


def native(
    options: Mapping[str, Any],
    weights: str,
    fetched: Mapping[str, Path],
    seed: int,
    folder: Path,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Draw the convolution's weight [C, 3, 1, 1] and bias [C] from the seed; keep them as .npz.

    Or take those of the one .npz that was fetched.
    """
    if weights != "random" and not fetched:
        raise UnsupportedError("exporter null has no official weights: ask for weights: random")
    if weights == "random":
        drawn = _drawn(options.get("classes", _CLASSES), seed)
    else:
        drawn = samples.load_arrays(next(iter(fetched.values())))
    path = folder / "weights.npz"
    samples.save_arrays(drawn, path)
    facts = {"weights": weights, "parameters": sum(one.size for one in drawn.values())}
    return {"weights": path}, facts


def _drawn(classes: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.RandomState(seed)
    return {
        "weight": random.standard_normal((classes, _CHANNELS, 1, 1)).astype(np.float32),
        "bias": random.standard_normal(classes).astype(np.float32),
    }


def export(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    opset: int,
    path: Path,
) -> None:
    """Write the three nodes; UnsupportedError unless height and width are multiples of 8."""
    _check(shape)
    graphs.save(_model(samples.load_arrays(native["weights"]), shape, opset), path)


def reference(
    options: Mapping[str, Any],
    native: Mapping[str, Path],
    shape: InputShape,
    feeds: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Compute the logits in numpy, without onnx."""
    _check(shape)
    loaded = samples.load_arrays(native["weights"])
    batch, height, width = shape
    blocks = feeds["image"].reshape(
        batch, _CHANNELS, height // STRIDE, STRIDE, width // STRIDE, STRIDE
    )
    low = np.einsum("kc,nchw->nkhw", loaded["weight"][:, :, 0, 0], blocks.mean(axis=(3, 5)))
    low = low + loaded["bias"][:, None, None]
    return {"logits": interpolate.bilinear(low, (height, width), "align_corners")}


def sample(options: Mapping[str, Any], shape: InputShape, seed: int) -> dict[str, np.ndarray]:
    """Return smooth images as `image` [N, 3, H, W]."""
    return {"image": samples.smooth_images(shape, seed, _CHANNELS)}


def prepare(options: Mapping[str, Any], pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Return pictures [N, H, W, 3], uint8 RGB, as `image` [N, 3, H, W]: shares of 255."""
    shares = pictures.astype(np.float32) / np.float32(255)
    return {"image": np.ascontiguousarray(shares.transpose(0, 3, 1, 2))}


def _check(shape: InputShape) -> None:
    if shape.height % STRIDE or shape.width % STRIDE:
        raise UnsupportedError(f"exporter null needs multiples of {STRIDE} pixels, {shape} is not")


def _model(weights: Mapping[str, np.ndarray], shape: InputShape, opset: int) -> onnx.ModelProto:
    classes = weights["bias"].size
    batch, height, width = shape
    full = [batch, classes, height, width]
    window = {"kernel_shape": [STRIDE, STRIDE], "strides": [STRIDE, STRIDE]}
    constants = {**weights, "sizes": np.array(full, np.int64)}
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["image"], ["low"], **window),
            helper.make_node("Conv", ["low", "weight", "bias"], ["scores"], kernel_shape=[1, 1]),
            helper.make_node(
                "Resize",
                ["scores", "", "", "sizes"],
                ["logits"],
                mode="linear",
                coordinate_transformation_mode="align_corners",
            ),
        ],
        "null",
        [
            helper.make_tensor_value_info(
                "image", TensorProto.FLOAT, [batch, _CHANNELS, height, width]
            )
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, full)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=_IR_VERSION,
        producer_name="retable",
    )
