"""Weights of a Paddle network: from a seed, or from its own files; kept as arrays by name."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

# Imported behind Paddle, these end the process, and PaddleSeg and PaddleDetection import them.
import PIL.Image  # noqa: F401 # isort: skip
import sklearn.metrics  # noqa: F401 # isort: skip

import numpy as np
import paddle
from paddle import nn

from retable_export import samples
from retable_export.errors import JobError

if TYPE_CHECKING:
    from pathlib import Path

_WEIGHTED = (nn.Conv2D, nn.Conv2DTranspose, nn.Linear)
_NORMALISED = (nn.BatchNorm, nn.BatchNorm2D, nn.SyncBatchNorm)
# What a .pdparams holds besides numbers: the framework's own names of the parameters.
_NAMES = "StructuredToParameterName@@"
# What the pickle of arrays by name needs, in numpy 1 and 2; nothing else is imported.
_ALLOWED = {
    ("builtins", "tuple"),
    ("collections", "OrderedDict"),
    ("_codecs", "encode"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
}


def initialise(network: nn.Layer, seed: int, images: np.ndarray) -> None:
    """Give weights from a seed under which activations are of order 1.

    He's normal initialisation (arXiv:1502.01852) of convolutions and linear layers, then the
    statistics of the batch normalisations set to those of `images`, [N, 3, H, W]: the defaults let
    the signal fade or explode. A factor that starts at 0, by which an attention would count for
    nothing, starts at 1.
    """
    random = np.random.RandomState(seed)
    for layer in network.sublayers():
        if isinstance(layer, _WEIGHTED):
            shape = layer.weight.shape
            fan_in = shape[0] if isinstance(layer, nn.Linear) else int(np.prod(shape[1:]))
            drawn = random.standard_normal(shape) * np.sqrt(2.0 / fan_in)
            layer.weight.set_value(drawn.astype(np.float32))
            if layer.bias is not None:
                layer.bias.set_value(np.zeros(layer.bias.shape, np.float32))
    for parameter in network.parameters():
        if parameter.size == 1 and not float(parameter):
            parameter.set_value(np.ones(parameter.shape, np.float32))
    _calibrate(network, images)


def _calibrate(network: nn.Layer, images: np.ndarray) -> None:
    network.eval()
    layers = [layer for layer in network.sublayers() if isinstance(layer, _NORMALISED)]
    kept = [layer._momentum for layer in layers]
    for layer in layers:
        layer.training = True
        layer._momentum = 0.0  # of the statistics before: after one batch, the batch's own
    with paddle.no_grad():
        network(paddle.to_tensor(images))
    for layer, momentum in zip(layers, kept):  # noqa: B905 - Python 3.8
        layer._momentum = momentum
    network.eval()


def load_official(network: nn.Layer, path: Path) -> list[str]:
    """Load a .pdparams by name; return the names in it that the network has no use for.

    JobError, naming the first key, if one is missing or of another shape.
    """
    found = read_pdparams(path)
    _take(network, found, path)
    return sorted(set(found) - set(network.state_dict()))


def read_pdparams(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a .pdparams, which is a pickle, without running what it may name."""
    try:
        with path.open("rb") as stream:
            state = _Arrays(stream, encoding="latin1").load()
    except Exception as error:  # a pickle can fail in any way
        raise JobError(f"{path}: not weights as Paddle saves them ({error})") from error
    if not isinstance(state, dict):
        raise JobError(f"{path}: not weights by name")
    # paddle.save writes a tensor as (its own name, its array).
    arrays = {
        name: value[1] if isinstance(value, tuple) and len(value) == 2 else value
        for name, value in state.items()
        if name != _NAMES
    }
    for name, value in arrays.items():
        if not isinstance(value, np.ndarray):
            raise JobError(f"{path}: {name} is no array")
    return arrays


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)


def load(network: nn.Layer, path: Path) -> None:
    """Load what `save` has written."""
    _take(network, samples.load_arrays(path), path)
    network.eval()


def _take(network: nn.Layer, found: dict[str, np.ndarray], path: Path) -> None:
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if name not in found:
            raise JobError(f"{path}: not this network's weights, it lacks {name}")
        if list(found[name].shape) != list(tensor.shape):
            raise JobError(
                f"{path}: {name} is {list(found[name].shape)}, "
                f"this network's is {list(tensor.shape)}"
            )
        tensor.set_value(found[name].astype(tensor.numpy().dtype))


def save(network: nn.Layer, path: Path) -> None:
    """Write the state as an .npz of arrays by name; the same state gives the same bytes."""
    state = network.state_dict()
    samples.save_arrays({name: tensor.numpy() for name, tensor in state.items()}, path)


def count(network: nn.Layer) -> int:
    """Return the number of trained numbers."""
    return sum(int(np.prod(parameter.shape)) for parameter in network.parameters())
