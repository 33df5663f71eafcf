"""From heatmaps to joints: where the maximum lies, in pixels and parts of one.

Heatmaps are [K, H, W], one for each joint; places are [K, 2], x and y, the centre of the first
pixel being 0. A heatmap with nothing above 0 gives the place (0, 0).

- `argmax`: the largest pixel.
- `quarter`: that, and a quarter of a pixel towards the larger neighbour, across and down (Newell et
  al. 2016; HRNet's `get_final_preds`).
- `dark`: a Taylor step from there in the logarithm of the blurred heatmap, with derivatives over
  two pixels (Zhang et al., "Distribution-Aware Coordinate Representation for Human Pose
  Estimation", CVPR 2020).
- `udp`: the same with derivatives over one pixel, at the border too (Huang et al., "The Devil is in
  the Details", CVPR 2020; mmpose's `post_dark_udp`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from retable_job.errors import JobError

# As OpenCV's GaussianBlur has them for these sizes with sigma 0: PaddleDetection blurs by 3, DARK's
# and UDP's own code by 11.
KERNELS = {
    3: np.array([0.25, 0.5, 0.25]),
    11: np.exp(-(np.arange(-5, 6) ** 2) / (2 * 2.0**2)),
}
KERNELS[11] /= KERNELS[11].sum()
_DARK_FLOOR = 1e-10  # below it, the logarithm is cut: HRNetPostProcess
_UDP_BOUNDS = (1e-3, 50.0)  # post_dark_udp


class Joints(NamedTuple):
    """Places [K, 2] in pixels of the heatmap, and the heatmaps' maxima [K]."""

    places: np.ndarray
    scores: np.ndarray


class _Derivatives(NamedTuple):
    """Of K heatmaps, each at one place: [K]."""

    across: np.ndarray
    down: np.ndarray
    across_twice: np.ndarray
    down_twice: np.ndarray
    both: np.ndarray


def decoded(heatmaps: np.ndarray, way: str, kernel: int) -> Joints:
    """Find the joints in heatmaps [K, H, W]; `kernel` is the size of the blur of dark and udp."""
    if way not in _WAYS:
        raise JobError(f"there is no decoding {way!r}: it is one of {', '.join(_WAYS)}")
    if kernel not in KERNELS:
        raise JobError(f"heatmaps are blurred over {list(KERNELS)} pixels, not {kernel}")
    maps = heatmaps.astype(np.float64)
    count, _, width = maps.shape
    flat = maps.reshape(count, -1)
    peaks = flat.argmax(axis=1)
    scores = flat[np.arange(count), peaks]
    tops = np.stack([peaks % width, peaks // width], axis=1) * (scores > 0)[:, None]
    return Joints(_WAYS[way](maps, tops, kernel), scores)


def merged(
    plain: np.ndarray, flipped: np.ndarray, mirror: Sequence[int], shift: bool
) -> np.ndarray:
    """Average heatmaps [K, H, W] with those of the mirrored input: the flip test.

    `mirror` says which joint a mirror shows for each. `shift` moves the latter a pixel to the right
    before (its first column staying as it is): without UDP, mirroring moves the heatmap's grid by
    (stride - 1) / stride of a pixel.
    """
    back = flipped[list(mirror)][:, :, ::-1].copy()
    if shift:
        back[:, :, 1:] = back[:, :, :-1].copy()
    return (plain + back) / 2


def blurred(maps: np.ndarray, kernel: int) -> np.ndarray:
    """Blur maps [K, H, W], zeros around them, and scale each back to its former maximum."""
    taps, reach = KERNELS[kernel], kernel // 2
    made = maps
    for axis in (1, 2):
        around = [(0, 0), (0, 0), (0, 0)]
        around[axis] = (reach, reach)
        padded = np.pad(made, around)
        length = maps.shape[axis]
        made = sum(
            tap * np.take(padded, range(start, start + length), axis)
            for start, tap in enumerate(taps)
        )
    before, after = maps.max(axis=(1, 2)), made.max(axis=(1, 2))
    factor = np.divide(before, after, out=np.ones_like(before), where=after != 0)
    return made * factor[:, None, None]


def _argmax(maps: np.ndarray, tops: np.ndarray, kernel: int) -> np.ndarray:
    return tops.astype(np.float64)


def _quarter(maps: np.ndarray, tops: np.ndarray, kernel: int) -> np.ndarray:
    _, height, width = maps.shape
    inside = _inside(tops, width - 1, height - 1)
    found = _first_derivatives(maps, tops * inside[:, None])
    return tops + 0.25 * np.sign(found) * inside[:, None]


def _dark(maps: np.ndarray, tops: np.ndarray, kernel: int) -> np.ndarray:
    _, height, width = maps.shape
    inside = _inside(tops, width - 2, height - 2)
    logs = np.log(np.maximum(blurred(maps, kernel), _DARK_FLOOR))
    found = _derivatives(logs, tops, reach=2)
    determinant = found.across_twice * found.down_twice - found.both**2
    return tops + _newton(found, inside & (determinant != 0))


def _udp(maps: np.ndarray, tops: np.ndarray, kernel: int) -> np.ndarray:
    logs = np.log(np.clip(blurred(maps, kernel), *_UDP_BOUNDS))
    found = _derivatives(logs, tops, reach=1)
    # What post_dark_udp adds, so that a flat heatmap has an inverse.
    tiny = float(np.finfo(np.float32).eps)
    steady = found._replace(
        across_twice=found.across_twice + tiny, down_twice=found.down_twice + tiny
    )
    return tops + _newton(steady, np.ones(len(tops), bool))


_WAYS: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "argmax": _argmax,
    "quarter": _quarter,
    "dark": _dark,
    "udp": _udp,
}


def _inside(tops: np.ndarray, right: int, bottom: int) -> np.ndarray:
    """Say which places have a derivative: beyond the second pixel, and before these ones."""
    x, y = tops.T
    return (x > 1) & (x < right) & (y > 1) & (y < bottom)


def _around(maps: np.ndarray, tops: np.ndarray) -> Callable[[int, int], np.ndarray]:
    """Give each map's value so many pixels across and down of its place; beyond, the border's."""
    count, height, width = maps.shape
    x, y = tops.T

    def at(across: int, down: int) -> np.ndarray:
        rows = np.clip(y + down, 0, height - 1)
        return maps[np.arange(count), rows, np.clip(x + across, 0, width - 1)]

    return at


def _first_derivatives(maps: np.ndarray, tops: np.ndarray) -> np.ndarray:
    at = _around(maps, tops)
    return np.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], axis=1) / 2


def _derivatives(maps: np.ndarray, tops: np.ndarray, reach: int) -> _Derivatives:
    """Return derivatives at each map's place; the second ones over `reach` (1 or 2) pixels."""
    at = _around(maps, tops)
    across, down = _first_derivatives(maps, tops).T
    if reach == 1:
        # The mixed one of forward and backward differences, averaged.
        both = (at(1, 1) - at(1, 0) - at(0, 1) + 2 * at(0, 0)) / 2
        both += (at(-1, -1) - at(-1, 0) - at(0, -1)) / 2
    else:
        both = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    return _Derivatives(
        across,
        down,
        (at(reach, 0) - 2 * at(0, 0) + at(-reach, 0)) / reach**2,
        (at(0, reach) - 2 * at(0, 0) + at(0, -reach)) / reach**2,
        both,
    )


def _newton(found: _Derivatives, where: np.ndarray) -> np.ndarray:
    """Return the step [K, 2] to where a parabola has its maximum; none where `where` is false."""
    determinant = found.across_twice * found.down_twice - found.both**2
    steps = np.stack(
        [
            found.down_twice * found.across - found.both * found.down,
            found.across_twice * found.down - found.both * found.across,
        ],
        axis=1,
    )
    made = np.zeros_like(steps)
    np.divide(-steps, determinant[:, None], out=made, where=where[:, None])
    return made
