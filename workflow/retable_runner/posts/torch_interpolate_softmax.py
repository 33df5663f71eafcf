"""Logits to probabilities of the image's size, by torch: bilinear, then softmax over axis 1."""

from retable_runner.posts import ENGINE

WHERE = ENGINE


def run(outputs, size):
    """Return [probabilities [N, C, H, W]] of the first output, logits [N, C, h, w]."""
    from torch.nn import functional

    logits = functional.interpolate(outputs[0], size, mode="bilinear", align_corners=False)
    return [functional.softmax(logits, dim=1)]
