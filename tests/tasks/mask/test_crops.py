"""Crops of boxed faces: their place, their margin, which class a detected face has."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facelens.data.boxes import BoxedPhoto, boxed_photos
from facelens.faces import Box
from facelens.tasks.mask import crops
from facelens.tasks.mask.names import NAMES


def photo(*boxes, labels=("with_mask", "without_mask")):
    """A black photo of 120x90 whose boxes are white."""
    pixels = np.zeros((90, 120, 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        pixels[y1:y2, x1:x2] = 255
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return BoxedPhoto("a.png", stream.getvalue(), array, labels[: len(boxes)])


def test_a_crop_is_a_square_with_a_margin_of_the_longer_side():
    photos = [photo((40, 30, 60, 50)), photo((80, 20, 100, 60), labels=("without_mask",))]
    found = crops.boxed_crops(photos, margin=0.5, side=40)
    assert (found.pixels.shape, found.pixels.dtype) == ((2, 40, 40, 3), np.uint8)
    assert found.labels.tolist() == [NAMES.index("with_mask"), NAMES.index("without_mask")]
    assert found.photos.tolist() == [0, 1]
    square = np.zeros((40, 40), np.uint8)
    square[10:30, 10:30] = 255  # 20 pixels of the photo are 20 of the crop
    assert (found.pixels[0, ..., 0] == square).all()
    # 20x40: a square of 80 around it, so half the size.
    half = found.pixels[1, ..., 0] > 127
    assert (half.any(1).sum(), half.any(0).sum()) == (20, 10)
    assert half[10:30, 15:25].all()


def test_over_the_edge_pixels_are_replicated():
    found = crops.boxed_crops([photo((0, 0, 20, 20))], margin=0.5, side=40)
    assert (found.pixels[0, :30, :30] == 255).all()


def test_a_large_face_is_averaged():
    crop = crops.crop_box(
        np.tile(np.array([0, 255], np.uint8)[None, :, None], (400, 200, 3)),
        (100, 100, 300, 300), margin=0, side=20,
    )  # fmt: skip
    assert 100 < crop.min() <= crop.max() < 155


def test_a_detected_face_has_the_class_of_the_true_box_that_it_is_of(monkeypatch):
    detected = [
        SimpleNamespace(box=Box(2 * x, 2 * y, 2 * w, 2 * h), confidence=sure)
        for x, y, w, h, sure in (
            (42, 31, 20, 20, 0.7), (41, 30, 20, 20, 0.9), (5, 60, 20, 20, 0.8),
            (80, 22, 20, 40, 0.6),
        )
    ]  # fmt: skip
    seen = []
    monkeypatch.setattr(
        crops, "find_faces", lambda photo, **_: seen.append(photo.pixels.shape) or detected
    )
    found = crops.found_crops([photo((40, 30, 60, 50), (80, 20, 100, 60))], enlarge=2)
    assert seen == [(180, 240, 3)]
    assert found.confidences.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert found.labels.tolist() == [0, -1, -1, 1]  # the second at one face is of no box
    assert found.boxes[0].tolist() == [41, 30, 61, 50]
    assert found.truth[[0, 3]].tolist() == [[40, 30, 60, 50], [80, 20, 100, 60]]
    assert np.isnan(found.truth[1:3]).all()


def test_no_photo_and_no_box_are_no_crop():
    for none in (crops.boxed_crops([]), crops.boxed_crops([photo()])):
        assert (len(none), none.pixels.shape, none.boxes.shape) == (0, (0, 64, 64, 3), (0, 4))


@pytest.mark.data
def test_the_crops_of_the_real_test_photos(data_dir):
    photos = boxed_photos(data_dir / "masks", "test", NAMES)
    found = crops.boxed_crops(photos)
    assert np.bincount(found.labels).tolist() == [293, 59, 9]
