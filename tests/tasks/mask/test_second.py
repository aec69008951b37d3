"""Two stages: a classifier of what a face detector finds."""

import io
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")
pytestmark = pytest.mark.train

from PIL import Image

from facelens.data.boxes import BoxedPhoto
from facelens.faces import Box
from facelens.tasks.mask import crops
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.second import SecondStage

COLOURS = ((120, 175, 210), (220, 160, 140), (40, 40, 40))


def photo(seed):
    """Three squares of 20 pixels on noise, each class in its colour."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 130, (60, 100, 3), np.uint8)
    boxes = []
    for i, colour in enumerate(COLOURS):
        x, y = 5 + 32 * i + int(rng.integers(0, 8)), int(rng.integers(5, 35))
        pixels[y : y + 20, x : x + 20] = colour
        boxes.append((x, y, x + 20, y + 20))
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return BoxedPhoto(f"{seed}.png", stream.getvalue(), np.array(boxes, np.float32), NAMES)


def smaller(pixels, enlarged):
    """What a detector that frames faces closer says of a photo: half of each box's side."""
    faces = []
    for colour in COLOURS:
        ys, xs = np.nonzero((np.abs(pixels.astype(int) - colour) < 25).all(-1))
        x, y = (enlarged * (each.min() + 5) for each in (xs, ys))
        faces.append(SimpleNamespace(box=Box(x, y, enlarged * 10, enlarged * 10), confidence=0.9))
    return faces


def test_what_a_detector_finds_is_classified_and_framed_as_the_set_does(monkeypatch):
    photos = [photo(seed) for seed in range(8)]
    decoded = {each.pixels.tobytes(): each.pixels for each in photos}
    asked = []

    def find(enlarged, **_):
        # Enlarged twice by cubic interpolation: the photo that is closest.
        small = enlarged.pixels[::2, ::2].astype(int)
        found = min(decoded.values(), key=lambda pixels: np.abs(small - pixels).sum())
        asked.append(found)
        return smaller(found, 2)

    monkeypatch.setattr(crops, "SAME", 0.2)  # IoU of such a box: a quarter
    monkeypatch.setattr(crops, "find_faces", find)
    second = SecondStage.train(photos[:6], epochs=2, from_scratch=True, device="cpu")
    assert len(asked) == 6
    assert second.frame == pytest.approx([-0.5, -0.5, 0.5, 0.5], abs=0.1)
    for held in photos[6:]:
        answers = second.answers(held.pixels)
        assert answers.labels == NAMES * 3
        assert answers.scores.reshape(3, 3).sum(1) == pytest.approx(0.9, abs=1e-5)
        found = sorted(map(tuple, answers.boxes[::3].round().tolist()))
        assert np.abs(np.array(found) - sorted(map(tuple, held.boxes.tolist()))).max() <= 1
    assert second.weights < 2.5e6
    again = SecondStage.train(photos[:6], epochs=2, from_scratch=True, device="cpu")
    one, other = (each.answers(photos[7].pixels).scores for each in (second, again))
    assert one == pytest.approx(other, abs=1e-3)


def test_no_face_is_no_answer(monkeypatch):
    monkeypatch.setattr(crops, "find_faces", lambda *_, **__: [])
    second = SecondStage(torch.nn.Identity(), np.zeros(4))
    assert len(second.answers(photo(0).pixels).boxes) == 0
