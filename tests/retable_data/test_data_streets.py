"""The drawn streets: the same everywhere, all classes, Cityscapes' layout and label map."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retable_data import streets
from retable_data.cityscapes_labels import CLASSES, ID, IGNORE, LABEL_MAP, LABELS, train_ids
from retable_data.sets import streets as streets_set
from retable_data.streets.camera import Camera, Front, Ground, Side
from retable_data.streets.shapes import Box, Capsule, Disc, Polygon
from retable_data.streets.textures import pulses
from retable_job.errors import UnsupportedError

OPTIONS = {"seed": 20211, "height": 192, "width": 384}
EVERYTHING = (-1e3, 1e3, -1e3, 1e3)


@pytest.fixture(scope="module")
def scenes() -> list[tuple[np.ndarray, np.ndarray]]:
    """A dozen pictures of val with their label ids, at half the usual size."""
    return [streets.draw(20211, "val", number, 192, 384) for number in range(12)]


def test_a_seed_gives_the_same_bytes_on_every_machine():
    # The embedded network was trained on what this gives: it must stay so.
    digest = hashlib.sha256()
    for number in range(3):
        picture, labels = streets.draw(20211, "val", number)
        assert picture.shape == (384, 768, 3) and picture.dtype == np.uint8
        assert labels.shape == (384, 768) and labels.dtype == np.uint8
        digest.update(picture.tobytes() + labels.tobytes())
    assert digest.hexdigest() == "b207085f275dead20468e9d6032832d67b73f6e0d1cf5997d6e891e572108751"


@pytest.mark.parametrize("other", [(1, "val", 0), (20211, "train", 0), (20211, "val", 1)])
def test_seed_split_and_number_each_change_the_picture(other, scenes):
    assert (streets.draw(*other, 192, 384)[0] != scenes[0][0]).mean() > 0.3


def test_every_class_is_there_and_little_is_ignored(scenes):
    classes = np.stack([train_ids(labels) for _, labels in scenes])
    shares = np.bincount(classes.ravel(), minlength=256) / classes.size
    assert (shares[: len(CLASSES)] > 0.001).all(), dict(zip(CLASSES, shares, strict=False))
    assert shares[len(CLASSES) : IGNORE].sum() == 0
    assert shares[IGNORE] < 0.1
    assert {int(one) for one in np.unique([labels for _, labels in scenes])} <= set(ID.values())


def test_pictures_differ_in_light_and_are_not_flat(scenes):
    means = [picture.mean() for picture, _ in scenes]
    assert max(means) > 1.5 * min(means)
    assert all(picture.std() > 20 for picture, _ in scenes)


def test_the_sky_is_above_and_the_road_below(scenes):
    rows = np.arange(192)[:, None]
    for _, labels in scenes:
        sky, road = labels == ID["sky"], labels == ID["road"]
        if sky.any():
            assert (rows * sky).sum() / sky.sum() < (rows * road).sum() / road.sum()


def test_a_front_plane_maps_pixels_to_metres_as_the_camera_maps_points_to_pixels():
    camera = Camera(100, 200, 150.0, 90.0, 45.0, 1.6)
    for plane, place in (
        (Front(camera, 1.0, 10.0), lambda s, t: (1.0 + s, t, 10.0)),
        (Side(camera, 3.0, 5.0), lambda s, t: (3.0, t, 5.0 + s)),
        (Ground(camera, -2.0, 4.0), lambda s, t: (-2.0 + s, 0.0, 4.0 + t)),
        (Ground(camera, -2.0, 4.0, 0.5), lambda s, t: (-2.0 + s, 0.5, 4.0 + t)),
    ):
        patch = plane.patch((0.0, 3.0, 0.0, 2.0))
        s, t = np.broadcast_arrays(patch.s, patch.t)
        for row, column in ((0, 0), (s.shape[0] // 2, s.shape[1] // 2), (-1, -1)):
            x, y, z = place(float(s[row, column]), float(t[row, column]))
            u = np.arange(patch.columns.start, patch.columns.stop)[column] + 0.5
            v = np.arange(patch.rows.start, patch.rows.stop)[row] + 0.5
            assert camera.column(x, z) == pytest.approx(u, abs=1e-2)
            assert camera.row(y, z) == pytest.approx(v, abs=1e-2)


def test_what_the_picture_does_not_show_has_no_patch():
    camera = Camera(100, 200, 150.0, 90.0, 45.0, 1.6)
    assert Front(camera, 100.0, 10.0).patch((0, 1, 0, 1)) is None
    assert Front(camera, 0.0, 0.1).patch(EVERYTHING) is None
    assert Side(camera, 3.0, -9.0).patch((0, 5, 0, 1)) is None
    assert Ground(camera, 0.0, 5.0, 2.0).patch((-1, 1, 0, 1)) is None  # above the eye


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (Box(-1, 1, 0, 3), 6.0),
        (Box(-1, 1, 0, 3, 0.5), 6 - (4 - np.pi) * 0.25),
        (Disc(0, 1, 1.2), np.pi * 1.44),
        (Capsule((-1, 1), (1, 1), 0.5), 2 + np.pi * 0.25),
        (Polygon((-1, 0), (1, 0), (0, 2)), 2.0),
        (Polygon((0, 2), (1, 0), (-1, 0)), 2.0),
    ],
)
def test_a_shape_covers_its_area_and_no_more_than_its_bounds(shape, area):
    step = 0.01
    along = np.arange(-4, 4, step, dtype=np.float32)
    s, t = along[None, :], along[:, None]
    inside = shape.distance(s, t) < 0
    assert inside.sum() * step * step == pytest.approx(area, rel=0.02)
    low, high, bottom, top = shape.bounds
    across, up = np.broadcast_arrays(s, t)
    assert across[inside].min() >= low - step and across[inside].max() <= high + step
    assert up[inside].min() >= bottom - step and up[inside].max() <= top + step


def test_a_pattern_finer_than_a_pixel_becomes_its_mean():
    along = np.arange(0, 50, 3.7, dtype=np.float32)
    assert pulses(along, 0.3, 0.4, np.float32(30.0)) == pytest.approx(0.4, abs=0.01)
    near = pulses(np.array([0.1, 0.25], np.float32), 0.3, 0.5, np.float32(1e-3))
    assert near == pytest.approx([1.0, 0.0], abs=1e-4)


def test_the_label_map_is_cityscapes():
    assert [label.id for label in LABELS] == list(range(34))
    assert CLASSES[:3] == ("road", "sidewalk", "building")
    assert CLASSES[-3:] == ("train", "motorcycle", "bicycle")
    assert [label.train_id for label in LABELS if label.train_id != IGNORE] == list(range(19))
    assert train_ids(np.array([7, 33, 0, 29, 255], np.uint8)).tolist() == [0, 18, 255, 255, 255]
    assert len(LABEL_MAP) == 256


def test_the_set_is_laid_out_as_cityscapes_is(tmp_path: Path):
    index = streets_set.make(OPTIONS, {}, "calibration", 2, tmp_path)
    item = index["items"][1]
    assert item["picture"] == (
        "leftImg8bit/calibration/streets/streets_000000_000001_leftImg8bit.png"
    )
    assert item["labels"] == "gtFine/calibration/streets/streets_000000_000001_gtFine_labelIds.png"
    picture, labels = streets.draw(20211, "calibration", 1, 192, 384)
    assert np.array_equal(np.array(Image.open(tmp_path / item["picture"])), picture)
    assert np.array_equal(np.array(Image.open(tmp_path / item["labels"])), labels)
    assert index["label_map"] == list(LABEL_MAP)
    with pytest.raises(UnsupportedError, match="train, val, calibration, not 'test'"):
        streets_set.make(OPTIONS, {}, "test", 1, tmp_path)


def test_the_truth_as_prediction_scores_one(data):
    made = data.dataset("streets", "val", 2, **OPTIONS)
    assert made["outcome"] == "ok", made["reason"]
    inputs = data.inputs(made["artifacts"]["index"], "plain", 192, 384)
    assert inputs["outcome"] == "ok", inputs["reason"]
    truth = np.stack([train_ids(streets.draw(20211, "val", one, 192, 384)[1]) for one in (0, 1)])
    truth[truth == IGNORE] = 3  # ignored: it does not matter
    scored = data.score(
        "segmentation",
        made["artifacts"]["index"],
        inputs["artifacts"]["placements"],
        {"labels": truth},
    )
    assert scored["outcome"] == "ok", scored["reason"]
    metrics = scored["facts"]["metrics"]
    assert metrics["pixel_accuracy"] == metrics["miou_nan"] == 1.0


def test_drawing_needs_numpy_alone(data):
    code = (
        "import sys; from retable_data import streets; streets.draw(1, 'train', 0, 96, 192); "
        "print(sorted(name for name in ('PIL', 'cv2', 'torch') if name in sys.modules))"
    )
    assert data.python_prints(code).strip() == "[]"
