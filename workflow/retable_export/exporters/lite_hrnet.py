"""Lite-HRNet by torch. Options: `modules` of its three stages, `naive`, `classes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export import torch_networks
from retable_export.networks.lite_hrnet import LiteHRNet

if TYPE_CHECKING:
    from collections.abc import Mapping


def build(options: Mapping[str, Any]) -> LiteHRNet:
    """Return the network; its logits are at stride 4."""
    return LiteHRNet(options["modules"], options["naive"], options["classes"])


_EXPORTER = torch_networks.Exporter("Lite-HRNet", build, forms=("program",))
native = _EXPORTER.native
export = _EXPORTER.export
reference = _EXPORTER.reference
sample = _EXPORTER.sample
prepare = _EXPORTER.prepare
