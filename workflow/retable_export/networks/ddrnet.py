"""DDRNet: Pan, Hong, Sun, Jia, "Deep Dual-resolution Networks for Real-time and Accurate Semantic
Segmentation of Traffic Scenes", 2021, https://arxiv.org/abs/2101.06085.

Module names are those of the published weights (ydhongHIT/DDRNet, segmentation/DDRNet_23_slim.py),
so that they load by name: a trailing underscore is the high-resolution branch, at stride 8.
DDRNet23-slim has `planes` 32, `spp_planes` 128 and `head_planes` 64. Tensors are [N, C, H, W].
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from retable_export.networks.layers import BasicBlock, Bottleneck, conv1x1, conv3x3, resized

_EXPANSION = 2  # of the two bottlenecks
_POOLS = ((5, 2), (9, 4), (17, 8))  # kernel and stride of the context's averages


class DDRNetTrunk(nn.Module):
    """Images [N, 3, H, W] -> features [N, 4 * planes, h, w] at stride 8."""

    # The context's averages count the padding: over small images they are of little else.
    calibration = (8, 384, 768)

    def __init__(self, planes: int = 32, spp_planes: int = 128) -> None:
        super().__init__()
        fine = 2 * planes  # channels of the high-resolution branch
        self.out_channels = 4 * planes
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, planes, 3, stride=2, padding=1),
            nn.BatchNorm2d(planes),
            nn.ReLU(),
            nn.Conv2d(planes, planes, 3, stride=2, padding=1),
            nn.BatchNorm2d(planes),
            nn.ReLU(),
        )
        self.layer1 = two_blocks(planes, planes)
        self.layer2 = two_blocks(planes, 2 * planes, stride=2)
        self.layer3 = two_blocks(2 * planes, 4 * planes, stride=2)
        self.layer4 = two_blocks(4 * planes, 8 * planes, stride=2)
        self.layer5 = one_bottleneck(8 * planes, 8 * planes, stride=2)
        self.layer3_ = two_blocks(2 * planes, fine)
        self.layer4_ = two_blocks(fine, fine)
        self.layer5_ = one_bottleneck(fine, fine)
        self.compression3 = nn.Sequential(conv1x1(4 * planes, fine), nn.BatchNorm2d(fine))
        self.compression4 = nn.Sequential(conv1x1(8 * planes, fine), nn.BatchNorm2d(fine))
        self.down3 = halving(fine, 4 * planes)
        self.down4 = nn.Sequential(
            *halving(fine, 4 * planes), nn.ReLU(), *halving(4 * planes, 8 * planes)
        )
        self.spp = ContextPooling(16 * planes, spp_planes, self.out_channels)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Two branches, at stride 8 and from 16 to 64, which exchange features twice."""
        relu = functional.relu
        shared = relu(self.layer2(relu(self.layer1(self.conv1(image)))))
        size = shared.shape[2:]

        coarse = self.layer3(shared)
        fine = self.layer3_(shared)
        mixed = coarse + self.down3(relu(fine))
        fine = fine + resized(self.compression3(relu(coarse)), size)

        coarse = self.layer4(relu(mixed))
        fine = self.layer4_(relu(fine))
        mixed = coarse + self.down4(relu(fine))
        fine = fine + resized(self.compression4(relu(coarse)), size)

        context = self.spp(self.layer5(relu(mixed)))
        return self.layer5_(relu(fine)) + resized(context, size)


class DDRNet(DDRNetTrunk):
    """Images [N, 3, H, W] -> logits [N, classes, h, w] at stride 8."""

    def __init__(self, planes: int, spp_planes: int, head_planes: int, classes: int) -> None:
        super().__init__(planes, spp_planes)
        self.final_layer = Head(self.out_channels, head_planes, classes)

    @property
    def logits_layer(self) -> nn.Conv2d:
        """The convolution that makes the logits."""
        return self.final_layer.conv2

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.final_layer(super().forward(image))


class ContextPooling(nn.Module):
    """DAPPM: averages over ever larger windows, each refined with the one before it."""

    def __init__(self, channels: int, branch: int, out_channels: int) -> None:
        super().__init__()
        self.scale0 = activated(channels, branch)
        for index, (kernel, stride) in enumerate(_POOLS, start=1):
            pool = nn.AvgPool2d(kernel, stride, padding=stride)
            setattr(self, f"scale{index}", nn.Sequential(pool, *activated(channels, branch)))
        self.scale4 = nn.Sequential(nn.AdaptiveAvgPool2d(1), *activated(channels, branch))
        for index in range(1, 5):
            setattr(self, f"process{index}", activated(branch, branch, kernel=3))
        self.compression = activated(5 * branch, out_channels)
        self.shortcut = activated(channels, out_channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found = [self.scale0(features)]
        scales = (self.scale1, self.scale2, self.scale3, self.scale4)
        processes = (self.process1, self.process2, self.process3, self.process4)
        for index, scale in enumerate(scales):
            wider = resized(scale(features), features.shape[2:])
            found.append(processes[index](wider + found[-1]))
        return self.compression(torch.cat(found, dim=1)) + self.shortcut(features)


class Head(nn.Module):
    """Features to logits of the same size: 3x3 to `width` channels, 1x1 to the classes."""

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = conv3x3(channels, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, classes, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        features = self.conv1(functional.relu(self.bn1(features)))
        return self.conv2(functional.relu(self.bn2(features)))


def two_blocks(channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """Two basic blocks, the first with the stride, the last without a ReLU at its end."""
    return nn.Sequential(
        BasicBlock(channels, out_channels, stride),
        BasicBlock(out_channels, out_channels, linear=True),
    )


def one_bottleneck(channels: int, width: int, stride: int = 1) -> nn.Sequential:
    """One bottleneck to twice the width, without a ReLU at its end."""
    return nn.Sequential(Bottleneck(channels, width, stride, linear=True, expansion=_EXPANSION))


def halving(channels: int, out_channels: int) -> nn.Sequential:
    """3x3 convolution of stride 2, normalised."""
    return nn.Sequential(conv3x3(channels, out_channels, stride=2), nn.BatchNorm2d(out_channels))


def activated(channels: int, out_channels: int, kernel: int = 1) -> nn.Sequential:
    """Normalisation and ReLU before a convolution that keeps the size."""
    convolution = conv3x3 if kernel == 3 else conv1x1
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), convolution(channels, out_channels))
