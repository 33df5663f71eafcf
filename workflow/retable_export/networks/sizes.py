"""Sizes of tensors: numbers in a graph for ONNX, whose input is fixed; else what torch makes of it.

Computed inside the graph they would be chains of Shape, Gather and Concat, over which older parsers
stumble; as numbers in a traced program they would bind it to one size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional


def plain(features: torch.Tensor) -> list[int]:
    """Return the sizes of all dimensions."""
    return [int(size) if torch.onnx.is_in_onnx_export() else size for size in features.shape]


def halves(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first half of the channels, and the second."""
    middle = plain(features)[1] // 2
    return features[:, :middle], features[:, middle:]


def average(features: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Average [N, C, H, W] over `size` (rows, columns) regions, which overlap where they must.

    ONNX has no such pooling where `size` does not divide H and W: there it is two products with
    matrices of the regions' shares.
    """
    if not torch.onnx.is_in_onnx_export():
        return functional.adaptive_avg_pool2d(features, size)
    height, width = plain(features)[2:]
    if height % size[0] == 0 and width % size[1] == 0:
        return functional.avg_pool2d(features, (height // size[0], width // size[1]))
    rows, columns = shares(height, size[0]), shares(width, size[1])
    return torch.matmul(torch.matmul(rows, features), columns.transpose(0, 1))


def shares(length: int, parts: int) -> torch.Tensor:
    """Return how much each of `parts` averages takes of each of `length` values, [parts, length].

    Part i spans floor(i * length / parts) to ceil((i + 1) * length / parts), as in torch.
    """
    matrix = np.zeros((parts, length), np.float32)
    for part in range(parts):
        begin, end = part * length // parts, -(-(part + 1) * length // parts)
        matrix[part, begin:end] = 1 / (end - begin)
    return torch.from_numpy(matrix)
