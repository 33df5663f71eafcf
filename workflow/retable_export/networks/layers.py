"""Layers that several networks share: residual blocks, resizing. Tensors are [N, C, H, W]."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional


def conv3x3(channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """3x3 convolution that keeps the size but for its stride, without bias."""
    return nn.Conv2d(channels, out_channels, 3, stride, padding=1, bias=False)


def conv1x1(channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """1x1 convolution without bias."""
    return nn.Conv2d(channels, out_channels, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """ResNet's block of two 3x3 convolutions. With `linear`, no ReLU behind the sum."""

    def __init__(self, channels: int, width: int, stride: int = 1, linear: bool = False) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(channels, width, stride)
        self.linear = linear

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        out = functional.relu(self.bn1(self.conv1(features)))
        out = self.bn2(self.conv2(out)) + shortened(self.downsample, features)
        return out if self.linear else functional.relu(out)


class Bottleneck(nn.Module):
    """ResNet's block of 1x1, 3x3 and 1x1 convolutions, the last to `expansion` times the width."""

    def __init__(
        self, channels: int, width: int, stride: int = 1, linear: bool = False, expansion: int = 4
    ) -> None:
        super().__init__()
        self.conv1 = conv1x1(channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv1x1(width, width * expansion)
        self.bn3 = nn.BatchNorm2d(width * expansion)
        self.downsample = shortcut(channels, width * expansion, stride)
        self.linear = linear

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        out = functional.relu(self.bn1(self.conv1(features)))
        out = functional.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out)) + shortened(self.downsample, features)
        return out if self.linear else functional.relu(out)


def shortcut(channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """Return what a block's input goes through to be added, None where it fits as it is."""
    if stride == 1 and channels == out_channels:
        return None
    return nn.Sequential(conv1x1(channels, out_channels, stride), nn.BatchNorm2d(out_channels))


def shortened(path: nn.Module | None, features: torch.Tensor) -> torch.Tensor:
    """Send a block's input through its shortcut."""
    return features if path is None else path(features)


def resized(features: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Bilinear to `size` (height, width), corners not aligned."""
    return functional.interpolate(features, size, mode="bilinear", align_corners=False)
