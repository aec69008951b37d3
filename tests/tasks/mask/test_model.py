"""The task of masks without its network: boxes, words, and the road of whole photos."""

import csv
import json
import shutil

import numpy as np
import pytest

from facelens.bundles.bundle import Bundle, write_manifest
from facelens.errors import BundleError, DataError, DetectorError, ThresholdError
from facelens.faces import Box
from facelens.photo import Photo, read_photo
from facelens.tasks import TASKS, load_model
from facelens.tasks.base import Style, Verdict
from facelens.tasks.mask.model import (
    FAINT,
    GREY,
    MaskConfig,
    MaskedFace,
    MaskModel,
    every_class,
    letterbox,
)
from facelens.tasks.mask.names import BARE, NAMES
from facelens.tasks.road import answer, find, finder
from facelens.video.boxes import BoxTracker

SIDE = 416
# In pixels of a picture of 416: a small face with a mask, and a large one without.
BOXES = np.array([[10, 20, 60, 80], [100, 40, 300, 340]], np.float32)
LOGITS = np.array([[3, 0, 0], [0, 2, 1]], np.float32)


def config(**others):
    values = {
        "task": "mask", "name": "mask", "version": "1", "architecture": "ours", "names": NAMES,
        "input_size": (SIDE, SIDE), "licence": "none", "min_score": 0.4,
        "temperature": np.ones(1, np.float32),
    }  # fmt: skip
    return MaskConfig(**values | others)


def written(folder, **others):
    folder.mkdir(exist_ok=True)
    config(**others).save(folder / "config.json")
    (folder / "model.onnx").write_bytes(b"no graph")
    write_manifest(folder)
    return folder


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """The folder of a bundle that finds the same two faces, and a doubtful third, in each photo."""

    def raw(_, picture):
        assert max(picture.shape) == SIDE
        boxes = np.concatenate([BOXES, [[0, 0, 40, 40]]]).astype(np.float32)
        logits = np.concatenate([LOGITS, [[0, 0, 0]]]).astype(np.float32)
        return boxes, np.array([0.9, 0.8, 0.1], np.float32), logits

    monkeypatch.setattr(MaskModel, "raw", raw)
    return written(tmp_path / "bundle")


@pytest.fixture
def model(bundle):
    return load_model(str(bundle))


def face(w=40.0, h=40.0, **logits):
    values = np.array([logits.get(name, 0.0) for name in NAMES], np.float32)
    powers = np.exp(values)
    return MaskedFace(Box(0, 0, w, h), 0.9, powers / powers.sum(), values)


# config.json


def test_a_config_comes_back_and_says_that_it_takes_photos(tmp_path):
    path = written(tmp_path / "bundle", min_score=0.35) / "config.json"
    read = TASKS["mask"].config(path.read_bytes(), path)
    assert (read.min_score, read.names, read.input_size) == (0.35, NAMES, (SIDE, SIDE))
    given = json.loads(path.read_text())["input"]
    assert (given["template"], given["crop"]) == ("photo", [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": NAMES[::-1]}, "other classes"),
        ({"input_size": (416, 320)}, "not a square of 128 to 1280"),
        ({"input_size": (400, 400)}, "in steps of 32"),
        ({"min_score": 1.5}, "a score that is not from 0 to 1"),
        ({"min_score": float("inf")}, "a score that is not from 0 to 1"),
        ({"temperature": np.array([0], np.float32)}, "not a positive number"),
        ({"temperature": np.ones(3, np.float32)}, "not a positive number"),
    ],
)
def test_a_config_that_cannot_be_is_refused(tmp_path, change, words):
    folder = written(tmp_path / "bundle", **change)
    with pytest.raises(BundleError, match=words):
        MaskModel(Bundle(folder, "x"))


def test_a_config_for_crops_is_refused(tmp_path):
    folder = written(tmp_path / "bundle")
    values = json.loads((folder / "config.json").read_text())
    values["input"] |= {"template": "celeba", "crop": [218, 178]}
    data = json.dumps(values).encode()
    with pytest.raises(BundleError, match="needs a crop, not a whole photo"):
        TASKS["mask"].config(data, folder / "config.json")


# boxes


@pytest.mark.parametrize(
    ("size", "shape"), [((400, 300), (320, 416)), ((30, 900), (416, 128)), ((64, 64), (416, 416))]
)
def test_a_photo_is_scaled_and_padded_to_multiples_of_32(size, shape):
    pixels = np.full((size[1], size[0], 3), 200, np.uint8)
    canvas, scale = letterbox(pixels, SIDE)
    assert canvas.shape == (*shape, 3)
    assert scale == SIDE / max(size)
    assert (canvas[: int(size[1] * scale), : int(size[0] * scale)] == 200).all()
    assert (canvas[-1, -1] == (GREY if shape[0] != shape[1] else 200)).all()
    assert letterbox(pixels, SIDE, square=True)[0].shape == (SIDE, SIDE, 3)


def test_faces_are_in_pixels_of_the_photo_largest_first(model):
    photo = Photo(np.zeros((832, 832, 3), np.uint8))
    (faces,) = model.predict([photo])
    assert [face.name for face in faces] == ["without_mask", "with_mask"]
    assert faces[0].box == Box(200, 80, 400, 600)
    assert faces[0].corners == (200, 80, 600, 680)
    assert faces[1].confidence == pytest.approx(0.9)
    assert len(model.predict([photo.pixels], min_score=0)[0]) == 3
    small = Photo(np.zeros((104, 52, 3), np.uint8))
    assert model.predict([small])[0][0].corners == (25, 10, 52, 85), "clipped to the photo"
    with pytest.raises(ValueError, match="uint8"):
        model.predict([np.zeros((8, 8), np.uint8)])


def test_every_box_is_measured_once_a_class(model):
    answers = model.answers(np.zeros((416, 416, 3), np.uint8))
    found = dict(
        zip(zip(answers.labels, answers.boxes[:, 0], strict=True), answers.scores, strict=True)
    )
    e = np.exp
    assert found["with_mask", 10] == pytest.approx(0.9 * e(3) / (e(3) + 2), abs=1e-5)
    assert found["without_mask", 10] == pytest.approx(0.9 / (e(3) + 2), abs=1e-5)
    assert len(found) == 9
    assert min(found.values()) > FAINT
    sure = every_class(np.zeros((1, 4)), np.array([0.9, 0.001, 0.2]), NAMES)
    assert list(sure.labels) == ["with_mask", "mask_weared_incorrect"]
    nothing = every_class(np.zeros((0, 4)), np.zeros((0, 3)), NAMES)
    assert (nothing.boxes.shape, len(nothing.scores)) == ((0, 4), 0)


def test_two_answers_blend_into_one_between(model):
    one, other = face(with_mask=4), face(w=80, without_mask=4)
    between = model.blend(one, other, 0.25)
    assert between["with_mask"] > 0.8
    assert between.probabilities.sum() == pytest.approx(1)
    assert between.box is other.box


# words


def test_a_sure_face_is_said_and_a_tiny_one_is_doubtful(model):
    task, style = TASKS["mask"], Style()
    assert task.sentence(model, None, face(with_mask=4), style) == "This face wears a mask."
    doubt = task.sentence(model, None, face(w=12, h=12, with_mask=4), style)
    assert doubt == "This face perhaps wears a mask, or it wears a mask wrongly."
    assert "only 12 pixels" in face(w=12, h=12).hints[0]
    words = task.words(model, None, face(without_mask=4), style)
    assert [(word.label, word.verdict) for word in words] == [
        ("Mask", None), ("No mask", Verdict.YES), ("Mask worn wrongly", None),
    ]  # fmt: skip
    (brief,) = task.words(model, None, face(without_mask=4), Style(brief=True))
    assert brief.label == "No mask"
    high = Style(threshold="0.99")
    assert task.words(model, None, face(without_mask=4), high)[1].verdict is Verdict.DOUBTFUL
    assert task.columns(model) == NAMES
    assert task.row(model, None, face(without_mask=4))[1] > 0.9


def test_a_threshold_is_half_or_a_number():
    assert Style().sure == 0.5
    assert Style(threshold="0.7").sure == 0.7
    for wrong in ("f1", "2", "nan"):
        with pytest.raises(ThresholdError, match="give half, or a number"):
            _ = Style(threshold=wrong).sure


# the road


def test_a_task_that_sees_photos_needs_no_detector(model, astronaut):
    task, photo = TASKS["mask"], read_photo(astronaut)
    found = find(task, model, photo)
    assert answer(task, model, found) == found
    assert len(found) == 2
    assert finder(task, model, None) == "mask 1"
    with pytest.raises(DetectorError, match="finds faces itself"):
        find(task, model, photo, detector="haar")
    crops = TASKS["attributes"]
    assert finder(crops, model, "haar") == "haar"


def test_predict_prints_every_face(bundle, astronaut, run):
    code, out, _ = run("predict", astronaut, "--task", "mask", "--model", bundle)
    assert code == 0
    assert "2 faces found and read by mask 1" in out
    assert "Face 1 of 2" in out
    assert "This face wears a mask." in out
    code, out, _ = run("predict", astronaut, "--task", "mask", "--model", bundle, "--json")
    said = json.loads(out)
    assert (code, said["detector"]) == (0, "mask 1")
    assert [each["mask"] for each in said["faces"]] == ["without_mask", "with_mask"]
    assert said["faces"][0]["points"] == []
    assert said["faces"][0]["box"].keys() == set("xywh")
    assert sum(each["probability"] for each in said["faces"][0]["classes"]) == pytest.approx(1)
    code, _, err = run("predict", astronaut, "--task", "mask", "--model", bundle,
                       "--detector", "haar")  # fmt: skip
    assert (code, "give no --detector" in err) == (2, True)


def test_label_writes_a_row_a_box(bundle, astronaut, run, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(astronaut, photos)
    out = tmp_path / "masks.csv"
    line = ["label", photos, "--out", out, "--task", "mask", "--model", bundle, "--workers", 1]
    assert run(*line)[0] == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["photo", "face", "confidence", "x", "y", "w", "h", *NAMES]
    assert [row["face"] for row in rows] == ["1", "2"]
    assert float(rows[0]["confidence"]) == pytest.approx(0.8)
    for more, words in ((["--aligned"], "whole photos"), (["--detector", "haar"], "--detector")):
        code, _, err = run(*line, "--force", *more)
        assert (code, words in err) == (2, True)


def test_label_refuses_crops_before_anything_is_written(bundle, tmp_path, astronaut):
    from facelens.bulk.label import label

    with pytest.raises(DataError, match="not aligned crops"):
        label(astronaut.parent, tmp_path / "x.csv", task="mask", model=str(bundle), aligned=True)
    assert not list(tmp_path.glob("x.csv*"))


# films


class Walks:
    """Stands for a model: what it finds in the photos one after the other."""

    title = "walks"

    def __init__(self, *frames):
        self.frames = iter(frames)

    def predict(self, photos):
        return [next(self.frames) for _ in photos]


def at(x, w=50.0):
    return MaskedFace(Box(x, 0.0, w, w), 0.9, np.ones(3, np.float32) / 3, np.zeros(3, np.float32))


def test_a_face_keeps_its_number_while_it_moves():
    frames = [(at(0), at(200)), (at(190), at(12)), (at(24),), (at(180), at(36), at(400))]
    tracker = BoxTracker(TASKS["mask"], Walks(*frames))
    photo = Photo(np.zeros((8, 8, 3), np.uint8))
    seen = [{each.number: each.face.box.x for each in tracker.track(photo)} for _ in frames]
    assert seen == [{1: 0, 2: 200}, {1: 12, 2: 190}, {1: 24}, {1: 36, 2: 180, 3: 400}]
    assert tracker.numbers == {1, 2, 3}
    tracker.forget()
    assert tracker.numbers == set()


def test_a_face_that_has_left_comes_back_as_another():
    frames = [(at(0),), *[()] * 12, (at(0),)]
    tracker = BoxTracker(TASKS["mask"], Walks(*frames))
    photo = Photo(np.zeros((8, 8, 3), np.uint8))
    numbers = [[each.number for each in tracker.track(photo)] for _ in frames]
    assert numbers == [[1], *[[]] * 12, [2]]


def test_a_films_table_has_a_row_a_box(bundle, tmp_path, run):
    import cv2

    film, out = tmp_path / "film.avi", tmp_path / "film.csv"
    writer = cv2.VideoWriter(
        str(film), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 5, (320, 240)
    )
    for _ in range(3):
        writer.write(np.full((240, 320, 3), 90, np.uint8))
    writer.release()
    line = ["video", film, "--task", "mask", "--model", bundle]
    assert run(*line, "--out", out)[0] == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["face"] for row in rows] == ["1", "2"] * 3
    bare = [max(NAMES, key=lambda name: float(row[name])) == BARE for row in rows]
    assert any(bare)
    spent = [float(row["seconds_without_mask"]) for row in rows]
    assert spent == pytest.approx([0.2 * (i // 2) * is_bare for i, is_bare in enumerate(bare)])
    assert run(*line, "--out", tmp_path / "copy.avi")[0] == 0
