"""Faces that no detector finds at first: searched once more, or boxed by hand."""

import numpy as np
import pytest
from PIL import Image

from facelens import find_faces, read_photo
from facelens.faces import Box, align
from facelens.faces.drawn import BY_HAND, face_in
from facelens.faces.thorough import search_thoroughly
from facelens.photo import Photo


@pytest.fixture(scope="module")
def photo(astronaut):
    return read_photo(astronaut)


@pytest.fixture(scope="module")
def face(photo):
    (found,) = find_faces(photo, detector="haar")
    return found


def around(box, scale, shift=(0.0, 0.0)):
    x, y = box.centre[0] + shift[0] * box.w, box.centre[1] + shift[1] * box.h
    return Box(x - scale * box.w / 2, y - scale * box.h / 2, scale * box.w, scale * box.h)


def empty(height=480, width=640, mean=128.0):
    noise = np.random.default_rng(0).normal(mean, 12, (height, width, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.5])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.1, -0.1)])
def test_a_drawn_box_is_aligned_as_a_detected_one(photo, face, scale, shift):
    drawn = face_in(photo, around(face.box, scale, shift))
    far = align.apply(drawn.warp, face.landmarks) - align.apply(face.warp, face.landmarks)
    assert np.hypot(*far.T).max() < 4, "pixels of the template"
    assert drawn.crop.shape == face.crop.shape
    assert BY_HAND not in drawn.hints
    assert drawn.detector == "hand"


def test_a_face_upside_down_in_a_drawn_box_is_turned(photo, face):
    turned = Photo(np.ascontiguousarray(np.rot90(photo.pixels, 2)))
    x, y = face.box.centre
    box = around(
        face.box._replace(x=photo.width - x - face.box.w / 2, y=photo.height - y - face.box.h / 2),
        1.1,
    )
    drawn = face_in(turned, box)
    assert BY_HAND not in drawn.hints
    assert np.abs(drawn.crop.astype(int) - face.crop).mean() < 6


def test_where_nothing_is_clear_the_box_is_taken_as_it_is_and_that_is_said(photo):
    box = Box(200.0, 100.0, 120.0, 160.0)
    for pixels in (empty(), photo.pixels[-240:, :240].repeat(2, 0).repeat(2, 1)):
        drawn = face_in(Photo(np.ascontiguousarray(pixels)), box)
        assert drawn.hints[0] == BY_HAND
        assert drawn.box == pytest.approx(box, abs=1)
        assert drawn.crop.shape == (218, 178, 3)


def test_a_box_over_the_edge_is_said_and_next_to_none_is_none(photo):
    drawn = face_in(photo, Box(-60.0, 200.0, 120.0, 160.0))
    assert any("outside" in hint for hint in drawn.hints)
    assert face_in(photo, Box(100.0, 100.0, 3.0, 90.0)) is None


@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_a_dark_face_is_found_by_the_second_search(photo, face, detector, request):
    spec = f"yunet:{request.getfixturevalue('yunet')}" if detector == "yunet" else detector
    dark = Photo((photo.pixels * 0.04).astype(np.uint8))
    assert find_faces(dark, detector=spec) == []
    (found,) = search_thoroughly(dark, detector=spec)
    assert found.box == pytest.approx(face.box, abs=4)
    assert "The face is dark." in found.hints
    # The crop is the photo's own, not the brightened copy's.
    assert found.crop.mean() < 12


def test_a_tiny_face_is_found_by_the_second_search(astronaut):
    pixels = empty(400, 600)
    small = Image.open(astronaut).convert("RGB").resize((64, 64), Image.Resampling.BOX)
    pixels[100:164, 200:264] = np.asarray(small)
    photo = Photo(pixels)
    assert find_faces(photo, detector="haar") == []
    (found,) = search_thoroughly(photo, detector="haar")
    assert found.box == pytest.approx((222, 107, 11, 15), abs=2)


def test_where_there_is_no_face_the_second_search_finds_none_and_may_be_ended():
    assert search_thoroughly(Photo(empty()), detector="haar") == []
    assert search_thoroughly(Photo(empty()), detector="haar", seconds=0) == []
