"""DDRNet by torch. Options: `planes`, `spp_planes`, `head_planes`, `classes`.

Published weights may be wrapped with the loss, and have the auxiliary head that training uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export import torch_networks
from retable_export.networks.ddrnet import DDRNet

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRAINING = ("loss.", "seghead_extra.")


def build(options: Mapping[str, Any]) -> DDRNet:
    """Return the network; its logits are at stride 8."""
    return DDRNet(
        options["planes"], options["spp_planes"], options["head_planes"], options["classes"]
    )


_EXPORTER = torch_networks.Exporter("DDRNet", build, training=_TRAINING, forms=("program",))
native = _EXPORTER.native
export = _EXPORTER.export
reference = _EXPORTER.reference
sample = _EXPORTER.sample
prepare = _EXPORTER.prepare
