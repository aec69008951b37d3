"""How far probabilities move with the picture."""

import numpy as np
import pytest

from facelens import find_faces, load_model, read_photo
from facelens.explain.whiskers import CHANGES, LIGHT, SCALE, SHIFT, changed, whiskers
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, align
from facelens.tasks.classifier import Prediction

NAMES = ("dark", "left", "constant")


@pytest.fixture(scope="module")
def photo(astronaut):
    return read_photo(astronaut)


@pytest.fixture(scope="module")
def face(photo):
    return find_faces(photo, detector="haar")[0]


class Plain:
    """Answers by hand: how dark a crop is, how bright its left half is, and a constant."""

    def __init__(self):
        self.asked = []

    def predict(self, crops):
        self.asked.append(crops)
        return [self.answer(crop) for crop in crops]

    def answer(self, crop):
        values = [1 - crop.mean() / 255, crop[:, : CROP_WIDTH // 2].mean() / 255, 0.25]
        values = np.array(values, np.float32)
        return Prediction(values, values, NAMES)


def test_sixteen_changes_are_balanced_and_all_different():
    assert len({CHANGES[i] for i in range(16)}) == len(CHANGES) == 16
    for field, reach in (("dx", SHIFT), ("dy", SHIFT), ("scale", SCALE), ("light", LIGHT)):
        values = [getattr(change, field) - (field in ("scale", "light")) for change in CHANGES]
        assert sorted(values) == pytest.approx([-reach] * 8 + [reach] * 8)
    assert sum(change.mirrored for change in CHANGES) == 8
    # No view is the mirror image of another: that would measure the same twice.
    assert len({(c.dx, c.dy, c.scale, c.light) for c in CHANGES}) == 16


def test_a_constant_network_has_no_whiskers(photo, face):
    model = Plain()
    answer = model.answer(face.crop)
    found = whiskers(model, face, answer, photo.pixels)
    assert len(model.asked) == 1, "one batch"
    assert model.asked[0].shape == (16, CROP_HEIGHT, CROP_WIDTH, 3)
    index = NAMES.index("constant")
    assert found.low[index] == found.high[index] == answer.probabilities[index]
    others = [i for i in range(len(NAMES)) if i != index]
    assert (found.high[others] - found.low[others] > 0.02).all()


def test_answers_are_paired_with_changes_and_attributes(photo, face):
    model = Plain()
    found = whiskers(model, face, model.answer(face.crop), photo.pixels)
    assert found.answers.shape == (16, 3)
    dark = found.answers[:, NAMES.index("dark")]
    lit = np.array([change.light > 1 for change in CHANGES])
    assert dark[lit].max() < dark[~lit].min()
    assert (found.low <= found.answers.min(0)).all()
    assert (found.high >= found.answers.max(0)).all()


def test_whiskers_hold_the_answer(photo, face):
    model = Plain()
    odd = Prediction(np.ones(3, np.float32), np.array([0, 1, 0.5], np.float32), NAMES)
    found = whiskers(model, face, odd, photo.pixels)
    assert (found.low <= odd.probabilities).all()
    assert (odd.probabilities <= found.high).all()


def test_a_mirror_is_a_mirror(face, monkeypatch):
    from facelens.explain import whiskers as module

    views = changed(face.crop)
    straight = [c.__class__(c.dx, c.dy, c.scale, c.light, mirrored=False) for c in CHANGES]
    monkeypatch.setattr(module, "CHANGES", straight)
    for change, view, plain in zip(CHANGES, views, changed(face.crop), strict=True):
        expected = plain[:, ::-1] if change.mirrored else plain
        np.testing.assert_array_equal(view, expected)


def test_shifts_and_scales_are_in_pixels_of_the_template():
    """A bright dot is found where the change says it goes."""
    x, y = align.TEMPLATE_BOX.centre
    grid = np.indices((CROP_HEIGHT, CROP_WIDTH)).astype(float)
    dot = 200 * np.exp(-((grid[1] - x - 20) ** 2 + (grid[0] - y + 30) ** 2) / 18)
    crop = np.repeat(dot[:, :, None], 3, 2).round().astype(np.uint8)
    for change, view in zip(CHANGES, changed(crop), strict=True):
        weight = view[:, :, 0].astype(float)
        weight /= weight.sum()
        at = (weight * grid[1]).sum(), (weight * grid[0]).sum()
        wanted_x = x + change.scale * 20 + change.dx
        wanted_x = CROP_WIDTH - 1 - wanted_x if change.mirrored else wanted_x
        assert at == pytest.approx((wanted_x, y - change.scale * 30 + change.dy), abs=0.1)
        assert view.mean() == pytest.approx(crop.mean() * change.light * change.scale**2, rel=0.05)


def test_views_are_cut_from_the_photo(photo, face):
    """Where a moved crop could only repeat its edge, the photo has more to show."""
    edge = align.apply(align.invert(face.warp), np.array([[0.0, 109.0]]))[0][0]
    ramp = np.clip(np.arange(photo.width) - edge + 60, 0, 180)  # a grey value a pixel
    pixels = np.broadcast_to(ramp[None, :, None], photo.pixels.shape).astype(np.uint8)
    x, y = align.TEMPLATE_BOX.centre
    for change, view in zip(CHANGES, changed(pixels, face.warp), strict=True):
        left = (x * (change.scale - 1) - change.dx) / change.scale
        place = np.array([[left, y + (109 - y - change.dy) / change.scale]])
        wanted = 60 + align.apply(align.invert(face.warp), place)[0][0] - edge
        shown = view[109, -1 if change.mirrored else 0, 0] / change.light
        assert shown == pytest.approx(wanted, abs=2)
    near = changed(photo.pixels, face.warp).astype(int) - changed(face.crop)
    assert np.abs(near[:, 60:160, 40:140]).mean() < 4, "the same face either way"


def test_the_embedded_network_is_steady_where_it_is_sure(photo, face):
    model = load_model()
    (answer,) = model.predict([face])
    found = whiskers(model, face, answer, photo.pixels)
    smiling = model.names.index("Smiling")
    assert answer.probabilities[smiling] > 0.9
    assert found.low[smiling] > 0.5
    widest = int((found.high - found.low).argmax())
    assert found.high[widest] - found.low[widest] > 0.05, model.names[widest]
