"""OCR on a trunk by torch. Options: `trunk`, `mid_channels`, `key_channels`, `classes`, `scales`.

The last are those of the image, where there is more than its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export import torch_networks
from retable_export.errors import UnsupportedError
from retable_export.networks.ddrnet import DDRNetTrunk
from retable_export.networks.hrnet import W18_SMALL_V2, W48, HRNetTrunk
from retable_export.networks.lite_hrnet import LiteHRNetTrunk
from retable_export.networks.ocr import MultiScaleOCRNet, OCRNet

if TYPE_CHECKING:
    from collections.abc import Mapping

_LITE_MODULES = (2, 4, 2)  # Lite-HRNet-18
TRUNKS = {
    "ddrnet23_slim": DDRNetTrunk,
    "hrnetv2_w48": lambda: HRNetTrunk(W48),
    "hrnet_w18_small_v2": lambda: HRNetTrunk(W18_SMALL_V2),
    "lite_hrnet": lambda: LiteHRNetTrunk(_LITE_MODULES, naive=False),
    "naive_lite_hrnet": lambda: LiteHRNetTrunk(_LITE_MODULES, naive=True),
}


def build(options: Mapping[str, Any]) -> OCRNet:
    """Return the network; UnsupportedError for a trunk or scales that there are not.

    Its logits are at the trunk's stride, or with several scales at the size of the image.
    """
    if options["trunk"] not in TRUNKS:
        raise UnsupportedError(f"trunk {options['trunk']!r} is not of {', '.join(TRUNKS)}")
    head = (options["mid_channels"], options["key_channels"], options["classes"])
    scales = options.get("scales", [1.0])
    if 1.0 not in scales or len(set(scales)) != len(scales):
        raise UnsupportedError(f"scales must be different ones, and 1.0 among them, not {scales}")
    trunk = TRUNKS[options["trunk"]]()
    return OCRNet(trunk, *head) if len(scales) == 1 else MultiScaleOCRNet(trunk, *head, scales)


_EXPORTER = torch_networks.Exporter("OCR", build, forms=("program",))
native = _EXPORTER.native
export = _EXPORTER.export
reference = _EXPORTER.reference
sample = _EXPORTER.sample
prepare = _EXPORTER.prepare
