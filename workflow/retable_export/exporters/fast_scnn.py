"""Fast-SCNN by torch. Options: `classes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export import torch_networks
from retable_export.errors import UnsupportedError
from retable_export.networks.fast_scnn import PYRAMID_BINS, STRIDE, FastSCNN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retable_export.contract import InputShape


def build(options: Mapping[str, Any]) -> FastSCNN:
    """Return the network; its logits have the size of the image."""
    return FastSCNN(options["classes"])


def check(shape: InputShape) -> None:
    """UnsupportedError unless height and width are multiples of 192: the pyramid's bins must
    divide the feature map, or adaptive pooling has no plain AveragePool.
    """
    multiple = STRIDE * max(PYRAMID_BINS)
    if shape.height % multiple or shape.width % multiple:
        raise UnsupportedError(
            f"exporter fast_scnn needs multiples of {multiple} pixels, {shape} is not: the pyramid "
            f"of {PYRAMID_BINS} bins must divide the feature map at stride {STRIDE}"
        )


_EXPORTER = torch_networks.Exporter("Fast-SCNN", build, check)
native = _EXPORTER.native
export = _EXPORTER.export
reference = _EXPORTER.reference
sample = _EXPORTER.sample
prepare = _EXPORTER.prepare
