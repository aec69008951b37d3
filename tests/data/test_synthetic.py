"""The loose framing that `facelens evaluate --loose` measures with."""

import numpy as np
import pytest

from facelens.data import synthetic
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face, align


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    y, x = np.mgrid[:CROP_HEIGHT, :CROP_WIDTH]
    waves = [128 + 100 * np.sin(x / 9 + k) * np.cos(y / 11) for k in range(3)]
    return np.stack(waves, 2).astype(np.uint8)


def face_at(warp: np.ndarray) -> Face:
    five = align.apply(align.invert(warp), align.TEMPLATE)
    crop = np.zeros((CROP_HEIGHT, CROP_WIDTH, 3), np.uint8)
    return Face(align.face_box(warp), 1.0, five, warp, crop, "haar")


def test_the_same_seed_and_index_give_the_same_picture_and_others_do_not(crop):
    first, again = synthetic.place_on_canvas(crop, 0, 7), synthetic.place_on_canvas(crop, 0, 7)
    assert (first.canvas == again.canvas).all()
    assert (first.warp == again.warp).all()
    assert synthetic.place_on_canvas(crop, 0, 8).centre != first.centre
    assert synthetic.place_on_canvas(crop, 1, 7).centre != first.centre


def test_the_true_warp_brings_the_crop_back(crop):
    for index in range(20):
        framed = synthetic.place_on_canvas(crop, 0, index)
        inside = synthetic.place_on_canvas(np.full_like(crop, 255), 0, index).warp
        assert (inside == framed.warp).all()
        x, y, w, h = (round(v) for v in align.TEMPLATE_BOX)
        back = align.align_face(framed.canvas, framed.warp)[y : y + h, x : x + w].astype(int)
        assert np.abs(back - crop[y : y + h, x : x + w]).mean() < 4


def test_frames_are_as_contracted(crop, monkeypatch):
    assert synthetic.place_on_canvas(crop, 3, 0).canvas.shape == (480, 640, 3)
    # This is about where, not about what is drawn there.
    monkeypatch.setattr(synthetic.cv2, "GaussianBlur", lambda sharp, *_: sharp)
    monkeypatch.setattr(synthetic.cv2, "warpAffine", lambda face, *_, **__: face)
    framed = [synthetic.place_on_canvas(crop, 3, index) for index in range(300)]
    turns = [np.degrees(np.arctan2(f.warp[1, 0], f.warp[0, 0])) for f in framed]
    widths = np.array([f.width for f in framed])
    assert -30 <= min(turns) < -27
    assert 27 < max(turns) <= 30
    assert 60 <= widths.min() < 64
    assert 225 < widths.max() <= 240
    # Log-uniform: the middle of the widths is their geometric one.
    assert np.median(widths) == pytest.approx(120, rel=0.12)
    for f in framed:
        assert align.face_box(f.warp).w == pytest.approx(f.width, rel=1e-3)
        assert align.face_box(f.warp).centre == pytest.approx(f.centre, abs=0.1)
        x, y, w, h = align.TEMPLATE_BOX
        corners = np.array([[x, y], [x + w, y], [x, y + h], [x + w, y + h]])
        placed = align.apply(align.invert(f.warp), corners)
        assert (placed > -0.1).all()
        assert (placed < (640.1, 480.1)).all()


def test_the_surroundings_are_blurred(crop):
    noise = np.random.default_rng(0).integers(0, 255, crop.shape).astype(np.uint8)
    framed = synthetic.place_on_canvas(noise, 0, 1)
    inside = align.apply(framed.warp, np.argwhere(np.ones((480, 640)))[:, ::-1].astype(np.float32))
    inside = inside.reshape(480, 640, 2)
    far = ((inside < -40) | (inside > (218, 258))).any(2)
    steps = np.abs(np.diff(framed.canvas[..., 0].astype(int), axis=1))
    assert steps[far[:, 1:]].mean() < 4
    assert steps[~far[:, 1:]].mean() > 8


def test_a_face_in_its_place_is_found_and_others_are_extras(crop):
    framed = synthetic.place_on_canvas(crop, 0, 0)
    true = face_at(framed.warp)
    beside = face_at(np.array([[1, 0, -3000], [0, 1, 0]], np.float32))
    assert synthetic.match(framed, [beside, true]) == (true, 1)
    assert synthetic.match(framed, [true]) == (true, 0)
    assert synthetic.match(framed, []) == (None, 0)
    assert synthetic.match(framed, [beside]) == (None, 1)


@pytest.mark.parametrize(
    ("shift", "growth", "found"),
    [
        (0.24, 1, True),
        (0.26, 1, False),
        (0, 1.48, True),
        (0, 1.52, False),
        (0, 1 / 1.52, False),
    ],
)
def test_found_ends_at_a_quarter_width_and_at_one_and_a_half_sizes(crop, shift, growth, found):
    framed = synthetic.place_on_canvas(crop, 0, 4)
    middle = np.array(align.TEMPLATE_BOX.centre)
    change = np.array([[growth, 0, 0], [0, growth, 0]], np.float32)
    change[:, 2] = middle - growth * middle + [shift * align.TEMPLATE_BOX.w, 0]
    face, extras = synthetic.match(framed, [face_at(align.compose(change, framed.warp))])
    assert (face is not None, extras) == (found, 1 - found)


def test_an_angle_can_be_asked_for_and_nothing_else_changes(crop):
    turned, upright = (synthetic.place_on_canvas(crop, 0, 3, turn=turn) for turn in (90.0, 0.0))
    between = align.compose(upright.warp, align.invert(turned.warp))
    assert np.degrees(np.arctan2(between[1, 0], between[0, 0])) == pytest.approx(90, abs=0.01)
    assert turned.width == upright.width == synthetic.place_on_canvas(crop, 0, 3).width
