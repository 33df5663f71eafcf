"""How pictures are resized and cropped: against pillow, by definition, and back again."""

import numpy as np
import pytest
from PIL import Image

from retable_data import resizing
from retable_data.geometries import person, plain, squash
from retable_job.errors import JobError


def drawn(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (height, width, 3)).astype(np.uint8)


def by_definition(picture: np.ndarray, rows, columns, fill=None) -> np.ndarray:
    """Bilinear interpolation, one pixel at a time; `fill` outside, or the nearest edge."""
    height, width = picture.shape[:2]

    def at(y: int, x: int) -> np.ndarray:
        if fill is not None and not (0 <= y < height and 0 <= x < width):
            return np.full(3, fill, np.float64)
        return picture[min(max(y, 0), height - 1), min(max(x, 0), width - 1)].astype(np.float64)

    made = np.empty((len(rows), len(columns), 3))
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            top, left = int(np.floor(y)), int(np.floor(x))
            down, right = y - top, x - left
            made[i, j] = (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1))
            made[i, j] += down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1))
    return made


@pytest.mark.parametrize("size", [(30, 50), (11, 13), (8, 64), (40, 60), (1, 1)])
def test_a_picture_is_resized_as_bilinear_interpolation_is_defined(size) -> None:
    picture = drawn(20, 30)
    height, width = size
    rows = (np.arange(height) + 0.5) * 20 / height - 0.5
    columns = (np.arange(width) + 0.5) * 30 / width - 0.5
    wanted = by_definition(picture, rows, columns)
    found = resizing.resize(picture, height, width)
    assert found.dtype == np.uint8
    assert np.abs(found - wanted).max() <= 0.5 + 1e-3


def test_enlarged_it_equals_pillows_and_shrunk_it_does_not_average() -> None:
    picture = drawn(24, 32)
    larger = Image.fromarray(picture).resize((80, 60), Image.Resampling.BILINEAR)
    difference = resizing.resize(picture, 60, 80).astype(int) - np.array(larger)
    assert np.abs(difference).max() <= 1
    stripes = np.zeros((4, 64, 3), np.uint8)
    stripes[:, ::4] = 255
    shrunk = resizing.resize(stripes, 4, 16)
    # Columns 1.5, 5.5, ... lie between two black ones: the white ones leave no trace.
    assert shrunk.max() == 0


def test_fractions_are_rounded_or_cut_off() -> None:
    picture = np.zeros((1, 2, 3), np.uint8)
    picture[0, 1] = 255
    assert resizing.resize(picture, 1, 4)[0, :, 0].tolist() == [0, 64, 191, 255]
    assert resizing.resize(picture, 1, 4, truncate=True)[0, :, 0].tolist() == [0, 63, 191, 255]


def test_labels_take_the_pixel_under_their_own_centre() -> None:
    labels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert resizing.nearest(labels, 4, 6).tolist() == np.kron(labels, np.ones((2, 2))).tolist()
    assert resizing.nearest(np.array([[0, 1, 2, 3]]), 1, 2).tolist() == [[1, 3]]
    random = np.random.RandomState(3).randint(0, 19, (37, 53)).astype(np.uint8)
    wanted = Image.fromarray(random).resize((91, 20), Image.Resampling.NEAREST)
    assert np.array_equal(resizing.nearest(random, 20, 91), np.array(wanted))


def test_squash_fills_the_input_and_tells_both_sizes() -> None:
    ((made, placement),) = squash.place(drawn(20, 30), {"id": "a"}, 10, 12, {})
    assert made.shape == (10, 12, 3)
    assert placement == {"item": "a", "picture": [20, 30], "input": [10, 12]}


def test_plain_takes_a_picture_that_fits_and_refuses_another() -> None:
    picture = drawn(20, 30)
    ((made, _),) = plain.place(picture, {"id": "a"}, 20, 30, {})
    assert np.array_equal(made, picture)
    with pytest.raises(JobError, match="picture a has 20x30 pixels and the network takes 20x32"):
        plain.place(picture, {"id": "a"}, 20, 32, {})


def somebody(bbox, **changed) -> dict:
    keypoints = [5, 5, 2] + [0, 0, 0] * 16
    return {
        "id": 7, "image_id": 1, "category_id": 1, "bbox": bbox, "area": 50.0, "iscrowd": 0,
        "keypoints": keypoints, **changed,
    }  # fmt: skip


def placed(annotation: dict, picture=None, height=64, width=48, **options):
    picture = drawn(100, 120) if picture is None else picture
    return person.place(picture, {"id": 1, "annotations": [annotation]}, height, width, options)


@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize("bbox", [[30, 20, 40, 60], [0, 0, 120, 20], [90, 70, 60, 90]])
def test_a_person_is_cropped_as_the_affine_says(udp: bool, bbox: list) -> None:
    picture = drawn(100, 120)
    ((made, placement),) = placed(somebody(bbox), picture, udp=udp)
    (a, b, c), (d, e, f) = placement["affine"]
    assert b == d == 0
    wanted = by_definition(picture, e * np.arange(64) + f, a * np.arange(48) + c, fill=0)
    assert np.abs(made - wanted).max() <= 0.5 + 1e-2
    assert (placement["item"], placement["annotation"], placement["udp"]) == (1, 7, udp)


def test_a_box_is_widened_to_the_networks_shape_and_by_a_quarter() -> None:
    # 40 x 60 clipped to last pixels is 39 x 59; the shape 3:4 makes 44.25 x 59 of it.
    ((_, plain_one),) = placed(somebody([30, 20, 40, 60]))
    width, height = 44.25 * 1.25, 59 * 1.25
    assert plain_one["area"] == pytest.approx(width * height)
    (a, _, c), (_, e, f) = plain_one["affine"]
    assert (a, e) == pytest.approx((width / 48, height / 64))
    assert (a * 24 + c, e * 32 + f) == pytest.approx((49.5, 49.5))
    ((_, unbiased),) = placed(somebody([30, 20, 40, 60]), udp=True)
    (a, _, c), (_, e, f) = unbiased["affine"]
    assert (a * 47, e * 63) == pytest.approx((width, height))
    assert (c, f) == pytest.approx((49.5 - width / 2, 49.5 - height / 2))


@pytest.mark.parametrize(
    "changed", [{"iscrowd": 1}, {"keypoints": [0] * 51}, {"area": 0}, {"bbox": [200, 5, 10, 10]}]
)
def test_who_is_no_person_to_look_at_gives_no_input(changed: dict) -> None:
    assert placed({**somebody([30, 20, 40, 60]), **changed}) == []


def test_for_the_flip_test_each_crop_comes_twice() -> None:
    (first, told), (second, mirrored) = placed(somebody([30, 20, 40, 60]), flip=True)
    assert np.array_equal(second, first[:, ::-1])
    assert (told["flipped"], mirrored["flipped"]) == (False, True)
    assert {**mirrored, "flipped": False} == told


def test_a_set_without_boxes_has_no_persons() -> None:
    with pytest.raises(JobError, match="needs a data set with boxes"):
        person.place(drawn(9, 9), {"id": 1}, 64, 48, {})
