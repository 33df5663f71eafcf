"""Fast-SCNN: Poudel, Liwicki, Cipolla, "Fast-SCNN: Fast Semantic Segmentation Network", 2019.

https://arxiv.org/abs/1902.04502. Layers, paddings and module names are those of the weights that
the published benchmark used, Tramac/Fast-SCNN-pytorch `fast_scnn_citys.pth` (models/fast_scnn.py at
a197f5e7, `aux=False`), so that they load by name; where they differ from the paper (no padding in
the first convolution, a biased 1x1 convolution before the normalisation of the fusion), the
weights decide. Tensors are [N, C, H, W].
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

PYRAMID_BINS = (1, 2, 3, 6)
STRIDE = 32  # of the pyramid's feature map
_EXPANSION = 6
_DROPOUT = 0.1


class FastSCNN(nn.Module):
    """Images [N, 3, H, W] -> logits [N, classes, H, W]; H and W are multiples of 32."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.learning_to_downsample = LearningToDownsample()
        self.global_feature_extractor = GlobalFeatureExtractor()
        self.feature_fusion = FeatureFusion()
        self.classifier = Classifier(classes)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Detail at stride 8 and context at stride 32, fused at stride 8, classified, enlarged."""
        detail = self.learning_to_downsample(image)
        context = self.global_feature_extractor(detail)
        logits = self.classifier(self.feature_fusion(detail, context))
        return enlarge(logits, image.shape[2:])


class LearningToDownsample(nn.Module):
    """[N, 3, H, W] -> [N, 64, H/8, W/8]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = ConvBlock(*conv(3, 32, kernel=3, stride=2))
        self.dsconv1 = ConvBlock(*separable(32, 48, stride=2))
        self.dsconv2 = ConvBlock(*separable(48, 64, stride=2))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.dsconv2(self.dsconv1(self.conv(image)))


class GlobalFeatureExtractor(nn.Module):
    """[N, 64, H/8, W/8] -> [N, 128, H/32, W/32]."""

    def __init__(self) -> None:
        super().__init__()
        self.bottleneck1 = bottlenecks(64, 64, stride=2)
        self.bottleneck2 = bottlenecks(64, 96, stride=2)
        self.bottleneck3 = bottlenecks(96, 128, stride=1)
        self.ppm = PyramidPooling(128)

    def forward(self, detail: torch.Tensor) -> torch.Tensor:
        return self.ppm(self.bottleneck3(self.bottleneck2(self.bottleneck1(detail))))


class FeatureFusion(nn.Module):
    """Detail [N, 64, h, w] and context [N, 128, h/4, w/4] -> [N, 128, h, w]."""

    def __init__(self) -> None:
        super().__init__()
        self.dwconv = ConvBlock(*depthwise(128))
        self.conv_lower_res = nn.Sequential(nn.Conv2d(128, 128, 1), nn.BatchNorm2d(128))
        self.conv_higher_res = nn.Sequential(nn.Conv2d(64, 128, 1), nn.BatchNorm2d(128))

    def forward(self, detail: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        context = functional.interpolate(
            context, scale_factor=4, mode="bilinear", align_corners=True
        )
        context = self.conv_lower_res(self.dwconv(context))
        return functional.relu(self.conv_higher_res(detail) + context)


class Classifier(nn.Module):
    """[N, 128, h, w] -> logits [N, classes, h, w]."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.dsconv1 = ConvBlock(*separable(128, 128))
        self.dsconv2 = ConvBlock(*separable(128, 128))
        self.conv = nn.Sequential(nn.Dropout(_DROPOUT), nn.Conv2d(128, classes, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(self.dsconv2(self.dsconv1(features)))


class PyramidPooling(nn.Module):
    """Averages over 1, 2x2, 3x3 and 6x6 regions beside the features: [N, C, h, w] -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        branch = channels // len(PYRAMID_BINS)
        self.conv1 = ConvBlock(*conv(channels, branch))
        self.conv2 = ConvBlock(*conv(channels, branch))
        self.conv3 = ConvBlock(*conv(channels, branch))
        self.conv4 = ConvBlock(*conv(channels, branch))
        self.out = ConvBlock(*conv(2 * channels, channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        branches = (self.conv1, self.conv2, self.conv3, self.conv4)
        pooled = [
            branches[index](functional.adaptive_avg_pool2d(features, bins))
            for index, bins in enumerate(PYRAMID_BINS)
        ]
        pooled = [enlarge(one, features.shape[2:]) for one in pooled]
        return self.out(torch.cat([features, *pooled], dim=1))


class Bottleneck(nn.Module):
    """MobileNetV2's inverted residual: expand, filter each channel, project without activation."""

    def __init__(self, channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        wide = channels * _EXPANSION
        self.residual = stride == 1 and channels == out_channels
        self.block = nn.Sequential(
            ConvBlock(*conv(channels, wide)),
            ConvBlock(*depthwise(wide, stride)),
            nn.Conv2d(wide, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        out = self.block(features)
        return features + out if self.residual else out


class ConvBlock(nn.Module):
    """Layers in a row, held as `conv`: the weights' names have that level."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.conv(features)


def conv(channels: int, out_channels: int, kernel: int = 1, stride: int = 1) -> list[nn.Module]:
    """Convolution without padding, batch normalisation, ReLU."""
    return [
        nn.Conv2d(channels, out_channels, kernel, stride, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    ]


def depthwise(channels: int, stride: int = 1) -> list[nn.Module]:
    """3x3 convolution of each channel by itself, batch normalisation, ReLU."""
    return [
        nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    ]


def separable(channels: int, out_channels: int, stride: int = 1) -> list[nn.Module]:
    """Depthwise convolution, then a pointwise one to `out_channels`."""
    return [*depthwise(channels, stride), *conv(channels, out_channels)]


def bottlenecks(channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Three bottlenecks; the first changes the channels and takes the stride."""
    first = Bottleneck(channels, out_channels, stride)
    return nn.Sequential(first, *(Bottleneck(out_channels, out_channels, 1) for _ in range(2)))


def enlarge(features: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Bilinear to `size` (height, width), corners aligned."""
    return functional.interpolate(features, size, mode="bilinear", align_corners=True)
