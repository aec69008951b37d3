"""Bare faces that are called masked, by a detector that goes by colours."""

from types import SimpleNamespace

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facelens.data.synthetic import FABRICS, draw_mask, place_on_canvas
from facelens.errors import DataError
from facelens.faces import Box, find_faces
from facelens.faces.align import TEMPLATE_BOX, invert
from facelens.photo import read_photo
from facelens.tasks.mask import alarms
from facelens.tasks.mask.alarms import Bare, Called

SKIN, BEARD = (220, 60, 60), (40, 40, 200)


def crop(colour=SKIN):
    """A face that is an ellipse in the template's box, on grey."""
    pixels = np.full((218, 178, 3), 128, np.uint8)
    centre = tuple(map(round, TEMPLATE_BOX.centre))
    half = (round(TEMPLATE_BOX.w / 2), round(TEMPLATE_BOX.h / 2))
    return cv2.ellipse(pixels, centre, half, 0, 0, 360, colour, -1)


def near(pixels, colour):
    return np.abs(pixels.astype(int) - colour).max(-1) < 45


class ByColour:
    """Finds red and blue ellipses; the blue ones, and those with a drawn mask, are masked."""

    def __init__(self, extra=()):
        self.extra = extra

    def predict(self, inputs):
        (pixels,) = inputs
        red, blue = near(pixels, SKIN), near(pixels, BEARD)
        ys, xs = np.nonzero(red | blue)
        if len(xs) < 50:
            return [self.extra]
        box = Box(xs.min(), ys.min(), np.ptp(xs), np.ptp(ys))
        cloth = sum(near(pixels, fabric) for fabric in FABRICS)
        masked = blue.sum() > red.sum() or cloth.sum() > 0.3 * len(xs)
        name = "with_mask" if masked else "without_mask"
        return [(SimpleNamespace(box=box, name=name, confidence=0.8), *self.extra)]


def test_the_share_of_bare_faces_that_are_called_masked_by_group():
    faces = [Bare(crop(), ("all",)) for _ in range(6)]
    faces += [Bare(crop(BEARD), ("all", "bearded")), Bare(crop(), ("all", "bearded"))]
    faces += [Bare(np.full((218, 178, 3), 128, np.uint8), ("all", "eyeglasses"))]
    found = alarms.false_alarms(ByColour(), faces)
    assert {name: each["faces"] for name, each in found.items()} == {
        "all": 9, "bearded": 2, "eyeglasses": 1,
    }  # fmt: skip
    every = found["all"]
    assert (every["found"], every["masked"], every["wrongly"]) == (8, 1, 0)
    assert (every["share"], every["of_all"]) == (1 / 8, 1 / 9)
    assert 0 < every["low"] < 1 / 8 < every["high"]
    assert found["bearded"]["share"] == 0.5
    assert np.isnan(found["eyeglasses"]["share"])
    assert alarms.false_alarms(ByColour(), faces)["all"] == every


def test_a_mask_worn_wrongly_is_an_alarm_too_and_boxes_elsewhere_are_counted():
    said = [Called(30, "mask_weared_incorrect", 2), Called(30, "without_mask"), Called(30, "")]
    of = alarms.summary(said)
    assert (of["share"], of["wrongly"], of["elsewhere"]) == (0.5, 1, 2)


def test_the_most_confident_box_at_the_place_of_the_face_counts():
    def box(x, name, confidence):
        return SimpleNamespace(box=Box(x, 100, 40, 50), name=name, confidence=confidence)

    boxes = (box(100, "without_mask", 0.4), box(105, "with_mask", 0.6), box(300, "with_mask", 0.9))
    model = SimpleNamespace(predict=lambda _: [boxes])
    said = alarms.called(model, np.zeros((9, 9, 3), np.uint8), Box(102, 98, 40, 50))
    assert said == Called(40, "with_mask", 1)


def test_faces_are_as_small_as_in_photos_with_masks():
    widths = [alarms.place(crop(), 0, i).width for i in range(60)]
    assert 24 <= min(widths) < 40
    assert 120 < max(widths) <= 160
    # Else as for every other figure of loosely framed faces.
    placed = place_on_canvas(crop(), 3, 5)
    again = place_on_canvas(crop(), 3, 5, widths=(60, 240))
    assert (placed.canvas == again.canvas).all()


def test_a_small_face_is_averaged_and_not_sampled():
    stripes = np.zeros((218, 178, 3), np.uint8)
    stripes[:, ::2] = 255
    kept = [
        np.std(place_on_canvas(stripes, 0, 0, widths=(24, 24.1), smooth=smooth).canvas)
        for smooth in (True, False)
    ]
    assert kept[0] < 0.3 * kept[1]


def test_masks_drawn_on_faces_are_found():
    faces = [Bare(crop(), ("all",)) for _ in range(10)]
    of = alarms.drawn_on_faces(ByColour(), faces)
    assert (of["faces"], of["masked"]) == (10, of["found"])
    assert of["found"] >= 8


def test_masks_drawn_on_a_portrait_cover_its_lower_half():
    photo = read_photo("facelens/ui/astronaut.jpg")
    face = find_faces(photo)[0]
    drawn = draw_mask(photo.pixels, invert(face.warp), np.random.default_rng(0), FABRICS[0])
    changed = (drawn != photo.pixels).any(-1)
    ys, _ = np.nonzero(changed)
    assert face.box.y + 0.4 * face.box.h < ys.min() < face.box.y + 0.6 * face.box.h

    class ByChange:
        def predict(self, inputs):
            masked = (inputs[0] != photo.pixels).any()
            name = "with_mask" if masked else "without_mask"
            return [(SimpleNamespace(box=face.box, name=name, confidence=1.0),)]

    found = alarms.drawn_on_portraits(ByChange(), [photo])
    assert (found["bare"]["masked"], found["bare"]["found"]) == (0, 1)
    assert (found["drawn"]["masked"], found["drawn"]["faces"]) == (len(FABRICS), len(FABRICS))


def test_groups_are_of_celebas_columns(tmp_path):
    _, data = cv2.imencode(".png", crop())
    image = {"bytes": data.tobytes(), "path": "1.jpg"}
    rows = [
        {"image": image, "Goatee": g, "Mustache": m, "No_Beard": n, "Eyeglasses": e}
        for g, m, n, e in ((0, 0, 1, 0), (1, 0, 1, 0), (0, 1, 1, 1), (0, 0, 0, 0))
    ]
    (tmp_path / "celeba").mkdir()
    with pytest.raises(DataError, match="no celeba/test"):
        alarms.celeba_files(tmp_path)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "celeba" / "test-0.parquet")
    (file,) = alarms.celeba_files(tmp_path)
    assert [bare.groups for bare in alarms.bare_faces(file)] == [
        ("all",), ("all", "bearded"), ("all", "bearded", "eyeglasses"), ("all", "bearded"),
    ]  # fmt: skip


@pytest.mark.data
def test_the_groups_of_celebas_test_faces(data_dir):
    first = alarms.celeba_files(data_dir)[0]
    groups = [bare.groups for bare in alarms.bare_faces(first, 300)]
    bearded = np.mean(["bearded" in each for each in groups])
    glasses = np.mean(["eyeglasses" in each for each in groups])
    assert 0.1 < bearded < 0.25
    assert 0.03 < glasses < 0.12
    assert len(alarms.portraits(data_dir)) == 17
