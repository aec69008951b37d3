"""Faces cut out of a photo: how much around the box, as far as the photo goes."""

import numpy as np
import pytest

from facelens.faces import find_faces
from facelens.faces.cut import as_jpeg, cut, with_margin
from facelens.faces.face import Box
from facelens.photo import read_photo

NUMBERED = np.arange(100 * 80 * 3, dtype=np.uint32).reshape(100, 80, 3)


@pytest.mark.parametrize(
    ("box", "margin", "rows", "columns"),
    [
        (Box(20, 30, 10, 20), 0.0, slice(30, 50), slice(20, 30)),
        (Box(20, 30, 10, 20), 0.5, slice(20, 60), slice(10, 40)),  # of the longer side
        (Box(20.6, 30.2, 10, 20), 0.0, slice(30, 51), slice(20, 31)),  # nothing is lost
        (Box(-5, -5, 20, 20), 0.1, slice(0, 17), slice(0, 17)),
        (Box(70, 90, 40, 40), 0.4, slice(74, 100), slice(54, 80)),
        (Box(-90, -90, 20, 20), 0.0, slice(0, 1), slice(0, 1)),  # outside: a pixel, no failure
        (Box(200, 200, 20, 20), 0.0, slice(99, 100), slice(79, 80)),
    ],
)
def test_the_margin_is_a_share_of_the_longer_side_within_the_photo(box, margin, rows, columns):
    assert np.array_equal(with_margin(NUMBERED, box, margin), NUMBERED[rows, columns])


def test_the_aligned_crop_is_the_one_that_networks_see(astronaut):
    photo = read_photo(astronaut)
    (face,) = find_faces(photo, detector="haar")
    assert np.array_equal(cut(photo.pixels, face, None), face.crop)


def test_a_jpeg_has_the_right_colours_and_no_metadata():
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    data = as_jpeg(red)
    assert np.abs(read_photo(data).pixels.astype(int) - red).max() < 8
    assert b"Exif" not in data
