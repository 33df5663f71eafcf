"""OCR: Yuan, Chen, Wang, "Object-Contextual Representations for Semantic Segmentation", 2020,
https://arxiv.org/abs/1909.11065; and attention over scales: Tao, Sapra, Catanzaro, "Hierarchical
Multi-Scale Attention for Semantic Segmentation", 2020, https://arxiv.org/abs/2005.10821.

Layers and module names are those of NVIDIA/semantic-segmentation (network/ocrnet.py, ocr_utils.py),
of which the published benchmark is a fork. Tensors are [N, C, H, W].
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from retable_export.networks.layers import conv1x1, conv3x3, resized
from retable_export.networks.sizes import plain

_ATTENTION = 256  # channels of the attention over scales
_DROPOUT = 0.05


class OCRNet(nn.Module):
    """Images [N, 3, H, W] -> logits [N, classes, h, w] at the stride of `trunk`."""

    def __init__(
        self, trunk: nn.Module, mid_channels: int, key_channels: int, classes: int
    ) -> None:
        super().__init__()
        self.backbone = trunk
        if hasattr(trunk, "calibration"):
            self.calibration = trunk.calibration
        self.ocr = OCRHead(trunk.out_channels, mid_channels, key_channels, classes)

    @property
    def logits_layer(self) -> nn.Conv2d:
        """The convolution that makes the logits."""
        return self.ocr.cls_head

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.ocr(self.backbone(image))[0]


class MultiScaleOCRNet(OCRNet):
    """Images [N, 3, H, W] -> logits [N, classes, H, W], fused from several scales of the image.

    Each scale's attention says how much of its own logits is taken, and how much of those of the
    larger scales; 1.0 is among `scales`, and its size the output's. The logits are enlarged to the
    size of each scale's image before they are fused, as in the deployed network.
    """

    def __init__(
        self,
        trunk: nn.Module,
        mid_channels: int,
        key_channels: int,
        classes: int,
        scales: Sequence[float],
    ) -> None:
        super().__init__(trunk, mid_channels, key_channels, classes)
        self.scales = sorted(scales, reverse=True)
        self.scale_attn = attention(mid_channels)

    def at_one_scale(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logits of the image alone, at the trunk's stride; use every layer once."""
        logits, features = self.ocr(self.backbone(image))
        self.scale_attn(features)
        return logits

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        fused, _ = self._at(image, self.scales[0])
        for scale in self.scales[1:]:
            logits, features = self._at(image, scale)
            weight = resized(self.scale_attn(features), logits.shape[2:])
            logits = weight * logits
            if scale < 1.0:
                size = fused.shape[2:]
                fused = resized(logits, size) + (1 - resized(weight, size)) * fused
            else:
                fused = logits + (1 - weight) * resized(fused, logits.shape[2:])
        return fused

    def _at(self, image: torch.Tensor, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits at the size of the scaled image, and the features behind them."""
        scaled = image if scale == 1.0 else rescaled(image, scale)
        logits, features = self.ocr(self.backbone(scaled))
        return resized(logits, scaled.shape[2:]), features


class OCRHead(nn.Module):
    """Features [N, channels, h, w] -> logits [N, classes, h, w], features [N, mid, h, w]."""

    def __init__(self, channels: int, mid_channels: int, key_channels: int, classes: int) -> None:
        super().__init__()
        self.conv3x3_ocr = nn.Sequential(
            nn.Conv2d(channels, mid_channels, 3, padding=1), activation(mid_channels)
        )
        self.aux_head = nn.Sequential(
            nn.Conv2d(channels, channels, 1), activation(channels), nn.Conv2d(channels, classes, 1)
        )
        self.ocr_distri_head = Distribution(mid_channels, key_channels)
        self.cls_head = nn.Conv2d(mid_channels, classes, 1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pixels = self.conv3x3_ocr(features)
        regions = gathered(pixels, self.aux_head(features))
        features = self.ocr_distri_head(pixels, regions)
        return self.cls_head(features), features


class Distribution(nn.Module):
    """Pixels [N, mid, h, w] and regions [N, mid, classes, 1] -> pixels with their context."""

    def __init__(self, channels: int, key_channels: int) -> None:
        super().__init__()
        self.object_context_block = ObjectAttention(channels, key_channels)
        self.conv_bn_dropout = nn.Sequential(
            conv1x1(2 * channels, channels), activation(channels), nn.Dropout2d(_DROPOUT)
        )

    def forward(self, pixels: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        context = self.object_context_block(pixels, regions)
        return self.conv_bn_dropout(torch.cat([context, pixels], dim=1))


class ObjectAttention(nn.Module):
    """Each pixel's context: the regions, weighted by how alike pixel and region are."""

    def __init__(self, channels: int, key_channels: int) -> None:
        super().__init__()
        self.f_pixel = projection(channels, key_channels, key_channels)
        self.f_object = projection(channels, key_channels, key_channels)
        self.f_down = projection(channels, key_channels)
        self.f_up = projection(key_channels, channels)
        self.scale = key_channels**-0.5

    def forward(self, pixels: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
        batch, _, height, width = plain(pixels)
        queries = flattened(self.f_pixel(pixels)).transpose(1, 2)
        keys, values = flattened(self.f_object(regions)), flattened(self.f_down(regions))
        likeness = functional.softmax(self.scale * torch.matmul(queries, keys), dim=-1)
        context = torch.matmul(likeness, values.transpose(1, 2)).transpose(1, 2)
        return self.f_up(context.reshape(batch, -1, height, width))


def gathered(pixels: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return regions [N, mid, classes, 1]: the pixels' means, weighted by each class's logits."""
    shares = functional.softmax(flattened(logits), dim=2)
    return torch.matmul(shares, flattened(pixels).transpose(1, 2)).transpose(1, 2).unsqueeze(3)


def flattened(features: torch.Tensor) -> torch.Tensor:
    """[N, C, h, w] -> [N, C, h * w]."""
    batch, channels, _, _ = plain(features)
    return features.reshape(batch, channels, -1)


def rescaled(image: torch.Tensor, scale: float) -> torch.Tensor:
    """Resize an image to `scale` of its size, which is rounded down."""
    if torch.onnx.is_in_onnx_export():
        return resized(image, [int(size * scale) for size in plain(image)[2:]])
    return functional.interpolate(
        image,
        scale_factor=scale,
        mode="bilinear",
        align_corners=False,
        recompute_scale_factor=True,
    )


def projection(channels: int, *widths: int) -> nn.Sequential:
    """1x1 convolutions to each of `widths` in turn, each normalised, with ReLU."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [conv1x1(channels, width), activation(width)]
        channels = width
    return nn.Sequential(*layers)


def activation(channels: int) -> nn.Sequential:
    """Normalisation and ReLU."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())


def attention(channels: int) -> nn.Sequential:
    """Features to one weight a pixel, between 0 and 1."""
    return nn.Sequential(
        OrderedDict(
            conv0=conv3x3(channels, _ATTENTION),
            bn0=nn.BatchNorm2d(_ATTENTION),
            re0=nn.ReLU(),
            conv1=conv3x3(_ATTENTION, _ATTENTION),
            bn1=nn.BatchNorm2d(_ATTENTION),
            re1=nn.ReLU(),
            conv2=conv1x1(_ATTENTION, 1),
            sig=nn.Sigmoid(),
        )
    )
