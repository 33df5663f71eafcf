"""HRNetV2: Wang et al., "Deep High-Resolution Representation Learning for Visual Recognition",
2019, https://arxiv.org/abs/1908.07919.

The segmentation networks of HRNet-Semantic-Segmentation (lib/models/seg_hrnet_ocr.py), with its
module names: low-resolution features are enlarged bilinearly, where those for classification (and
so timm's) take the nearest, and to the size of the finer branch, whatever the strides divide.
Tensors are [N, C, H, W]; branch `i` of a stage is at stride 4 * 2 ** i.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from retable_export.networks.layers import BasicBlock, Bottleneck, conv1x1, conv3x3, resized

_STEM = 64  # channels of the stem, and width of the first stage's bottlenecks
_FIRST = 4 * _STEM  # channels that the first stage ends with


class Variant(NamedTuple):
    """`width` of the finest branch, `blocks` in a row, `modules` of the stages 2, 3 and 4."""

    width: int
    blocks: int
    modules: tuple[int, int, int]


W48 = Variant(width=48, blocks=4, modules=(1, 4, 3))
W18_SMALL_V2 = Variant(width=18, blocks=2, modules=(1, 3, 2))


class HRNetTrunk(nn.Module):
    """Images [N, 3, H, W] -> features [N, 15 * width, h, w] at stride 4: four branches in one."""

    # As large as what it runs on: the regions behind it are means over the whole image, and of few
    # pixels they spread more. Four, because the network is large.
    calibration = (4, 384, 768)

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.conv1 = conv3x3(3, _STEM, stride=2)
        self.bn1 = nn.BatchNorm2d(_STEM)
        self.conv2 = conv3x3(_STEM, _STEM, stride=2)
        self.bn2 = nn.BatchNorm2d(_STEM)
        self.layer1 = nn.Sequential(
            Bottleneck(_STEM, _STEM),
            *(Bottleneck(_FIRST, _STEM) for _ in range(variant.blocks - 1)),
        )
        before = [_FIRST]
        for stage, modules in enumerate(variant.modules, start=1):
            channels = [variant.width << branch for branch in range(stage + 1)]
            setattr(self, f"transition{stage}", transition(before, channels))
            exchanges = (Exchange(channels, variant.blocks) for _ in range(modules))
            setattr(self, f"stage{stage + 1}", nn.Sequential(*exchanges))
            before = channels
        self.out_channels = sum(before)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = functional.relu(self.bn1(self.conv1(image)))
        features = functional.relu(self.bn2(self.conv2(features)))
        branches = [self.layer1(features)]
        branches = self.stage2(widened(self.transition1, branches))
        branches = self.stage3(widened(self.transition2, branches))
        branches = self.stage4(widened(self.transition3, branches))
        size = branches[0].shape[2:]
        return torch.cat([branches[0], *(resized(one, size) for one in branches[1:])], dim=1)


class Exchange(nn.Module):
    """Blocks on every branch by itself, then every branch gets what all of them found."""

    def __init__(self, channels: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(count, count) for _ in range(blocks))) for count in channels
        )
        numbers = range(len(channels))
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(fusion(channels, source, target) for source in numbers)
            for target in numbers
        )

    def forward(self, branches: list[torch.Tensor]) -> list[torch.Tensor]:
        found = [block(branches[index]) for index, block in enumerate(self.branches)]
        return [
            functional.relu(self._fused(layers, found, target))
            for target, layers in enumerate(self.fuse_layers)
        ]

    def _fused(
        self, layers: Sequence[nn.Module], found: list[torch.Tensor], target: int
    ) -> torch.Tensor:
        size = found[target].shape[2:]
        total = layers[0](found[0])
        for source in range(1, len(found)):
            part = layers[source](found[source])
            total = total + (resized(part, size) if source > target else part)
        return total


def fusion(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """Return what a branch goes through on its way to another: to its channels, and down."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(
            conv1x1(channels[source], channels[target]), nn.BatchNorm2d(channels[target])
        )
    steps = [
        halving(channels[source], channels[source], nn.ReLU()) for _ in range(target - source - 1)
    ]
    return nn.Sequential(*steps, halving(channels[source], channels[target]))


def transition(before: Sequence[int], channels: Sequence[int]) -> nn.ModuleList:
    """Return what makes a stage's branches of those before it; the last begins a new one."""
    layers: list[nn.Module] = []
    for index, count in enumerate(channels):
        if index == len(before):
            layers.append(nn.Sequential(halving(before[-1], count, nn.ReLU())))
        elif count == before[index]:
            layers.append(nn.Identity())
        else:
            layers.append(
                nn.Sequential(conv3x3(before[index], count), nn.BatchNorm2d(count), nn.ReLU())
            )
    return nn.ModuleList(layers)


def widened(layers: nn.ModuleList, branches: list[torch.Tensor]) -> list[torch.Tensor]:
    """Apply a transition: the new branch is made of the coarsest one."""
    return [layer(branches[min(index, len(branches) - 1)]) for index, layer in enumerate(layers)]


def halving(channels: int, out_channels: int, *activation: nn.Module) -> nn.Sequential:
    """3x3 convolution of stride 2, normalised."""
    convolution = conv3x3(channels, out_channels, stride=2)
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), *activation)
