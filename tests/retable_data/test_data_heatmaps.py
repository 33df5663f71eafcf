"""Joints from heatmaps: against their definitions, one pixel at a time, and where they lie."""

import numpy as np
import pytest

from retable_data import heatmaps, joints
from retable_job.errors import JobError

HEIGHT, WIDTH = 64, 48
KERNEL = 11


def drawn(places: np.ndarray, sigma: float = 2.0, peak: float = 0.9) -> np.ndarray:
    """Heatmaps with a Gaussian each, its maximum at x, y."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    squares = (columns - places[:, 0, None, None]) ** 2 + (rows - places[:, 1, None, None]) ** 2
    return peak * np.exp(-squares / (2 * sigma**2))


def random_places(seed: int, margin: float, count: int = 40) -> np.ndarray:
    random = np.random.RandomState(seed)
    return np.stack(
        [
            random.uniform(margin, WIDTH - 1 - margin, count),
            random.uniform(margin, HEIGHT - 1 - margin, count),
        ],
        axis=1,
    )


def blurred_by_definition(heatmap: np.ndarray, kernel: int) -> np.ndarray:
    """OpenCV's Gaussian of this size and sigma 0, over zeros, scaled back to the maximum."""
    reach = kernel // 2
    if kernel == 3:
        taps = [0.25, 0.5, 0.25]
    else:
        sigma = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
        taps = [np.exp(-((i - reach) ** 2) / (2 * sigma**2)) for i in range(kernel)]
        taps = [tap / sum(taps) for tap in taps]
    made = np.zeros_like(heatmap)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for i, down in enumerate(taps):
                for j, across in enumerate(taps):
                    row, column = y + i - reach, x + j - reach
                    if 0 <= row < HEIGHT and 0 <= column < WIDTH:
                        made[y, x] += down * across * heatmap[row, column]
    return made * heatmap.max() / made.max()


def top(heatmap: np.ndarray) -> tuple[int, int]:
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    return int(x), int(y)


def quarter_by_definition(heatmap: np.ndarray) -> list[float]:
    x, y = top(heatmap)
    if not (1 < x < WIDTH - 1 and 1 < y < HEIGHT - 1):
        return [x, y]
    across = heatmap[y, x + 1] - heatmap[y, x - 1]
    down = heatmap[y + 1, x] - heatmap[y - 1, x]
    return [x + 0.25 * np.sign(across), y + 0.25 * np.sign(down)]


def stepped(x: int, y: int, gradient: list[float], hessian: list[list[float]]) -> list[float]:
    step = -np.linalg.inv(np.array(hessian)) @ np.array(gradient)
    return [x + step[0], y + step[1]]


def dark_by_definition(heatmap: np.ndarray, kernel: int) -> list[float]:
    x, y = top(heatmap)
    if not (1 < x < WIDTH - 2 and 1 < y < HEIGHT - 2):
        return [x, y]
    h = np.log(np.maximum(blurred_by_definition(heatmap, kernel), 1e-10))
    dxx = 0.25 * (h[y, x + 2] - 2 * h[y, x] + h[y, x - 2])
    dyy = 0.25 * (h[y + 2, x] - 2 * h[y, x] + h[y - 2, x])
    dxy = 0.25 * (h[y + 1, x + 1] - h[y - 1, x + 1] - h[y + 1, x - 1] + h[y - 1, x - 1])
    gradient = [0.5 * (h[y, x + 1] - h[y, x - 1]), 0.5 * (h[y + 1, x] - h[y - 1, x])]
    return stepped(x, y, gradient, [[dxx, dxy], [dxy, dyy]])


def udp_by_definition(heatmap: np.ndarray, kernel: int) -> list[float]:
    x, y = top(heatmap)
    h = np.log(np.clip(blurred_by_definition(heatmap, kernel), 0.001, 50))
    h = np.pad(h, 1, mode="edge")
    x, y = x + 1, y + 1
    dxx = h[y, x + 1] - 2 * h[y, x] + h[y, x - 1]
    dyy = h[y + 1, x] - 2 * h[y, x] + h[y - 1, x]
    forward = h[y + 1, x + 1] - h[y, x + 1] - h[y + 1, x] + h[y, x]
    backward = h[y - 1, x - 1] - h[y, x - 1] - h[y - 1, x] + h[y, x]
    dxy = 0.5 * (forward + backward)
    gradient = [0.5 * (h[y, x + 1] - h[y, x - 1]), 0.5 * (h[y + 1, x] - h[y - 1, x])]
    tiny = np.finfo(np.float32).eps
    return stepped(x - 1, y - 1, gradient, [[dxx + tiny, dxy], [dxy, dyy + tiny]])


DEFINITIONS = {
    "argmax": lambda heatmap, kernel: list(top(heatmap)),
    "quarter": lambda heatmap, kernel: quarter_by_definition(heatmap),
    "dark": dark_by_definition,
    "udp": udp_by_definition,
}


@pytest.mark.parametrize("kernel", heatmaps.KERNELS)
@pytest.mark.parametrize("way", DEFINITIONS)
def test_decoding_is_its_definition(way: str, kernel: int) -> None:
    places = np.concatenate(
        [
            random_places(0, margin=4, count=6),
            random_places(1, margin=-0.4, count=4),
            [[0, 0], [1, 30], [2, 30], [WIDTH - 1, HEIGHT - 1], [20.6, HEIGHT - 2], [45.2, 61]],
        ]
    )
    noise = 0.02 * np.random.RandomState(2).standard_normal((len(places), HEIGHT, WIDTH))
    maps = (drawn(places) + noise).astype(np.float32)
    found = heatmaps.decoded(maps, way, kernel)
    wanted = [DEFINITIONS[way](one.astype(np.float64), kernel) for one in maps]
    assert np.abs(found.places - wanted).max() < 1e-3
    assert found.scores.tolist() == maps.max(axis=(1, 2)).tolist()


@pytest.mark.parametrize("kernel", [3, 11])
def test_a_blur_is_its_definition(kernel: int) -> None:
    maps = np.random.RandomState(5).random_sample((2, HEIGHT, WIDTH))
    found = heatmaps.blurred(maps, kernel)
    wanted = [blurred_by_definition(one, kernel) for one in maps]
    assert np.abs(found - wanted).max() < 1e-12


@pytest.mark.parametrize(
    ("way", "farthest"), [("argmax", 0.5), ("quarter", 0.25), ("dark", 1e-3), ("udp", 1e-3)]
)
def test_a_gaussians_maximum_is_found_as_exactly_as_the_decoding_can(way, farthest) -> None:
    places = random_places(3, margin=14)
    found = heatmaps.decoded(drawn(places), way, KERNEL).places
    off = np.abs(found - places).max()
    assert off < farthest + 1e-9
    if way in ("argmax", "quarter"):
        assert off > farthest * 0.9


@pytest.mark.parametrize("way", DEFINITIONS)
def test_a_heatmap_with_nothing_in_it_gives_the_first_pixel(way: str) -> None:
    maps = np.full((1, HEIGHT, WIDTH), -1.0)
    maps[0, 20, 20] = 0.0
    found = heatmaps.decoded(maps, way, KERNEL)
    assert found.places == pytest.approx(np.zeros((1, 2)), abs=1e-6)
    assert found.scores == [0.0]


def test_a_mirror_shows_left_for_right() -> None:
    assert joints.mirrored(joints.COCO) == [
        0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15,
    ]  # fmt: skip
    assert joints.mirrored(joints.MPII) == [
        5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 15, 14, 13, 12, 11, 10,
    ]  # fmt: skip


@pytest.mark.parametrize("shift", [False, True])
def test_the_flip_test_averages_what_both_see(shift: bool) -> None:
    mirror = joints.mirrored(joints.COCO)
    places = random_places(4, margin=8, count=17)
    # Without UDP, the mirrored grid lies a pixel off once it is mirrored back.
    seen = WIDTH - 1 - places[mirror][:, 0] + (1 if shift else 0)
    flipped = drawn(np.stack([seen, places[mirror][:, 1]], axis=1))
    merged = heatmaps.merged(drawn(places), flipped, mirror, shift)
    kept = slice(1, None) if shift else slice(None)
    assert np.abs(merged - drawn(places))[:, :, kept].max() < 1e-12


def test_unknown_ways_and_sizes_are_refused() -> None:
    with pytest.raises(JobError, match="no decoding 'soft': it is one of argmax, quarter"):
        heatmaps.decoded(drawn(random_places(0, 9)), "soft", 11)
    with pytest.raises(JobError, match="over \\[3, 11\\] pixels, not 5"):
        heatmaps.decoded(drawn(random_places(0, 9)), "dark", 5)
