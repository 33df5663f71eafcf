"""Logits to the best class of each of the image's pixels, by torch: its probability, its number."""

from retable_runner.posts import ENGINE, torch_interpolate_softmax, torch_max

WHERE = ENGINE


def run(outputs, size):
    """Return [values, labels], each [N, 1, H, W], of the first output, logits [N, C, h, w]."""
    return torch_max.run(torch_interpolate_softmax.run(outputs, size), size)
