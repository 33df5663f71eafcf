"""How large the tensors of a graph become on a calibration set: what INT8's scales are taken from.

A tensor's absolute values are counted in a histogram, whose size the images do not change. The
graph runs on one batch at a time, and gives up as many of its inner tensors at once as a fixed
number of bytes holds: a large graph runs several times on each batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx

from retable_export import evaluate, graphs
from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BINS = 4096
HELD_BYTES = 1 << 30  # of inner tensors at once


class Histogram:
    """Counts of absolute values in `BINS` bins of equal width, from 0 to `top`."""

    def __init__(self) -> None:
        """Begin with nothing: the first values that are not all zero set `top`."""
        self.counts = np.zeros(BINS, np.int64)
        self.top = 0.0

    def add(self, values: np.ndarray) -> None:
        """Count the values. Beyond `top`, it doubles and each pair of bins becomes one: exactly.

        ValueError for NaN and infinities.
        """
        sizes = np.abs(values, dtype=np.float32).reshape(-1)
        peak = float(sizes.max(initial=0.0))
        if not np.isfinite(peak):
            raise ValueError("values that are not finite")
        self.top = self.top or peak
        while peak > self.top:
            pairs = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.concatenate([pairs, np.zeros_like(pairs)])
            self.top *= 2.0
        if self.top == 0.0:
            self.counts[0] += sizes.size
        else:
            self.counts += np.histogram(sizes, BINS, (0.0, self.top))[0]

    def holding(self, share: float) -> float:
        """Return the smallest edge of a bin at or below which lie `share` of the values."""
        wanted = share * self.counts.sum()
        index = int(np.searchsorted(np.cumsum(self.counts), wanted))
        return (min(index, BINS - 1) + 1) * self.top / BINS


def histograms(
    model: onnx.ModelProto,
    tensors: Sequence[str],
    batches: Sequence[Mapping[str, np.ndarray]],
    held_bytes: int = HELD_BYTES,
) -> dict[str, Histogram]:
    """Run a graph with fixed sizes on the batches; return the histograms of `tensors` by name.

    The shapes of inner tensors must be known to the model (`value_info`). JobError for values that
    are not finite.
    """
    opened = _opened(model, tensors)
    evaluator = evaluate.Evaluator(opened)
    sizes = {value.name: _bytes_of(value) for value in opened.graph.output}
    found = {tensor: Histogram() for tensor in tensors}
    inputs = {value.name for value in model.graph.input}
    inner = groups([one for one in tensors if one not in inputs], sizes, held_bytes)
    for batch in batches:
        _count({name: batch[name] for name in tensors if name in inputs}, found)
        for names in inner:
            _count(evaluator.run(batch, names), found)
    return found


def _count(values: Mapping[str, np.ndarray], found: Mapping[str, Histogram]) -> None:
    for name, array in values.items():
        try:
            found[name].add(array)
        except ValueError as error:
            raise JobError(f"calibration: {name} has {error}") from None


def groups(tensors: Sequence[str], sizes: Mapping[str, int], held_bytes: int) -> list[list[str]]:
    """Divide the tensors, in their order, into groups of at most `held_bytes`, or of one tensor."""
    made: list[list[str]] = []
    room = -1
    for tensor in tensors:
        if sizes[tensor] > room or not made:
            made.append([])
            room = held_bytes
        made[-1].append(tensor)
        room -= sizes[tensor]
    return made


def _opened(model: onnx.ModelProto, tensors: Sequence[str]) -> onnx.ModelProto:
    """Return a copy of the model with the tensors among its outputs."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    known = {value.name: value for value in model.graph.value_info}
    there = {value.name for value in (*model.graph.output, *model.graph.input)}
    opened.graph.output.extend(known[tensor] for tensor in tensors if tensor not in there)
    return opened


def _bytes_of(value: onnx.ValueInfoProto) -> int:
    return int(np.prod(graphs.shape_of(value))) * graphs.dtype_of(value).itemsize
