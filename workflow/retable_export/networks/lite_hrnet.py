"""Lite-HRNet: Yu et al., "Lite-HRNet: A Lightweight High-Resolution Network", 2021,
https://arxiv.org/abs/2104.06403; the naive one has ShuffleNetV2's units instead of its weighting.

Layers are those of HRNet/Lite-HRNet (models/backbones/litehrnet.py), but for two points. A branch
that is enlarged takes the size of the branch that it is added to, which is twice its own only where
32 divides the image; and the finest branch, and in each other one what comes from the finest, is
added once: upstream's loop adds it twice. Tensors are [N, C, H, W]; branch `i` of a stage is at
stride 4 * 2 ** i.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from retable_export.networks.layers import conv1x1
from retable_export.networks.sizes import average, halves, plain

CHANNELS = (40, 80, 160, 320)  # of the branches, from the finest
_STEM = 32
_BLOCKS = 2  # in a module
_REDUCTION = 8  # of the channels between the two convolutions that weigh all branches
_SPATIAL_REDUCTION = 4  # of those that weigh one branch


class LiteHRNetTrunk(nn.Module):
    """Images [N, 3, H, W] -> features [N, 40, h, w] at stride 4.

    `modules` are those of the stages with 2, 3 and 4 branches: (2, 4, 2) is Lite-HRNet-18.
    """

    out_channels = CHANNELS[0]

    def __init__(self, modules: Sequence[int], naive: bool) -> None:
        super().__init__()
        self.stem = Stem()
        self.transitions = nn.ModuleList()
        self.stages = nn.ModuleList()
        before = [_STEM]
        for stage, count in enumerate(modules):
            channels = CHANNELS[: stage + 2]
            self.transitions.append(transition(before, channels))
            self.stages.append(nn.Sequential(*(Module(channels, naive) for _ in range(count))))
            before = list(channels)
        self.head = IterativeHead(CHANNELS)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        branches = [self.stem(image)]
        for index, stage in enumerate(self.stages):
            last = len(branches) - 1
            layers = self.transitions[index]
            branches = [layer(branches[min(at, last)]) for at, layer in enumerate(layers)]
            branches = stage(branches)
        return self.head(branches)


class LiteHRNet(LiteHRNetTrunk):
    """Images [N, 3, H, W] -> logits [N, classes, h, w] at stride 4."""

    def __init__(self, modules: Sequence[int], naive: bool, classes: int) -> None:
        super().__init__(modules, naive)
        self.logits_layer = nn.Conv2d(self.out_channels, classes, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.logits_layer(super().forward(image))


class Stem(nn.Module):
    """[N, 3, H, W] -> [N, 32, H/4, W/4]: a convolution, then a shuffle unit of stride 2."""

    def __init__(self) -> None:
        super().__init__()
        half = _STEM // 2
        self.conv = nn.Sequential(
            nn.Conv2d(3, _STEM, 3, 2, padding=1, bias=False), nn.BatchNorm2d(_STEM), nn.ReLU()
        )
        self.branch1 = separable(half, half, stride=2)
        self.branch2 = nn.Sequential(
            *pointwise(half, _STEM), nn.ReLU(), *separable(_STEM, half, stride=2)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        first, second = halves(self.conv(image))
        return shuffled(self.branch1(first), self.branch2(second))


class Module(nn.Module):
    """Two blocks over all branches, then every branch gets what all of them found."""

    def __init__(self, channels: Sequence[int], naive: bool) -> None:
        super().__init__()
        block = ShuffleUnits if naive else ChannelWeighting
        self.blocks = nn.Sequential(*(block(channels) for _ in range(_BLOCKS)))
        numbers = range(len(channels))
        self.fusions = nn.ModuleList(
            nn.ModuleList(fusion(channels, source, target) for source in numbers)
            for target in numbers
        )

    def forward(self, branches: list[torch.Tensor]) -> list[torch.Tensor]:
        found = self.blocks(branches)
        fused = []
        for target, layers in enumerate(self.fusions):
            parts = [layer(found[source]) for source, layer in enumerate(layers)]
            size = parts[target].shape[2:]
            total = parts[0]
            for source in range(1, len(parts)):
                total = total + (nearest(parts[source], size) if source > target else parts[source])
            fused.append(functional.relu(total))
        return fused


class ChannelWeighting(nn.Module):
    """Weigh half of each branch's channels, by all branches together and then by itself."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        changed = [count // 2 for count in channels]
        self.cross_resolution = CrossResolutionWeighting(changed)
        self.depthwise = nn.ModuleList(depthwise(count) for count in changed)
        self.spatial = nn.ModuleList(SpatialWeighting(count) for count in changed)

    def forward(self, branches: list[torch.Tensor]) -> list[torch.Tensor]:
        parts = [halves(branch) for branch in branches]
        changed = self.cross_resolution([part[1] for part in parts])
        changed = [
            self.spatial[index](self.depthwise[index](one)) for index, one in enumerate(changed)
        ]
        return [shuffled(parts[index][0], one) for index, one in enumerate(changed)]


class CrossResolutionWeighting(nn.Module):
    """Weigh every branch's channels by what all branches have at the coarsest resolution."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.channels = list(channels)
        total = sum(channels)
        self.weights = nn.Sequential(
            *pointwise(total, total // _REDUCTION),
            nn.ReLU(),
            *pointwise(total // _REDUCTION, total),
            nn.Sigmoid(),
        )

    def forward(self, branches: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        size = plain(branches[-1])[2:]
        averages = [average(branch, size) for branch in branches[:-1]]
        weights = self.weights(torch.cat([*averages, branches[-1]], dim=1))
        parts = torch.split(weights, self.channels, dim=1)
        return [
            branch * nearest(parts[index], branch.shape[2:])
            for index, branch in enumerate(branches)
        ]


class SpatialWeighting(nn.Module):
    """Weigh a branch's channels by their averages over the image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = channels // _SPATIAL_REDUCTION
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, narrow, 1),
            nn.ReLU(),
            nn.Conv2d(narrow, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.weights(features)


class ShuffleUnits(nn.Module):
    """ShuffleNetV2's unit of stride 1 on every branch."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.units = nn.ModuleList(
            nn.Sequential(
                *pointwise(count // 2, count // 2),
                nn.ReLU(),
                *separable(count // 2, count // 2),
            )
            for count in channels
        )

    def forward(self, branches: list[torch.Tensor]) -> list[torch.Tensor]:
        found = []
        for index, branch in enumerate(branches):
            kept, changed = halves(branch)
            found.append(shuffled(kept, self.units[index](changed)))
        return found


class IterativeHead(nn.Module):
    """From the coarsest branch to the finest, each refined and added to the next; the finest."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        coarsest = list(reversed(channels))
        targets = [*coarsest[1:], coarsest[-1]]
        self.projects = nn.ModuleList(
            separable(count, targets[index]) for index, count in enumerate(coarsest)
        )

    def forward(self, branches: list[torch.Tensor]) -> torch.Tensor:
        found = self.projects[0](branches[-1])
        for index, branch in enumerate(reversed(branches[:-1]), start=1):
            wider = functional.interpolate(
                found, branch.shape[2:], mode="bilinear", align_corners=True
            )
            found = self.projects[index](branch + wider)
        return found


def transition(before: Sequence[int], channels: Sequence[int]) -> nn.ModuleList:
    """Return what makes a stage's branches of those before it; the last begins a new one."""
    layers: list[nn.Module] = []
    for index, count in enumerate(channels):
        if index == len(before):
            layers.append(separable(before[-1], count, stride=2))
        elif count == before[index]:
            layers.append(nn.Identity())
        else:
            layers.append(separable(before[index], count))
    return nn.ModuleList(layers)


def fusion(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """Return what a branch goes through on its way to another: to its channels, and down."""
    if source == target:
        return nn.Identity()
    if source > target:
        return pointwise(channels[source], channels[target])
    steps = [
        separable(channels[source], channels[source], stride=2) for _ in range(target - source - 1)
    ]
    last = separable(channels[source], channels[target], stride=2)[:-1]  # no ReLU before the sum
    return nn.Sequential(*steps, last)


def depthwise(channels: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution of each channel by itself, normalised."""
    convolution = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels))


def pointwise(channels: int, out_channels: int) -> nn.Sequential:
    """1x1 convolution, normalised."""
    return nn.Sequential(conv1x1(channels, out_channels), nn.BatchNorm2d(out_channels))


def separable(channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """Depthwise, then pointwise convolution, with ReLU behind the latter."""
    return nn.Sequential(
        *depthwise(channels, stride), *pointwise(channels, out_channels), nn.ReLU()
    )


def shuffled(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the channels of both [N, C, h, w] in turn, [N, 2 C, h, w]."""
    batch, channels, height, width = plain(first)
    pairs = torch.cat([first, second], dim=1).reshape(batch, 2, channels, height, width)
    return pairs.transpose(1, 2).reshape(batch, 2 * channels, height, width)


def nearest(features: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Enlarge to `size` (height, width) by repeating pixels."""
    return functional.interpolate(features, size, mode="nearest")
