"""The training of our own finder, on faces that are drawn here."""

import json
import sys

import cv2
import numpy as np
import pytest
from helpers import masks

torch = pytest.importorskip("torch", reason="pip install 'facelens[train]'")
pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[train]'")

import io

from PIL import Image

from facelens.errors import DataError, DetectorError
from facelens.faces import align, detect, own
from facelens.faces.own import Own
from facelens.training.boxes.losses import DetectionLoss
from facelens.training.finder import command, measure, paste
from facelens.training.finder.graph import Answers, export
from facelens.training.finder.grounds import ground, read_grounds
from facelens.training.finder.train import (
    Batches,
    Material,
    Recipe,
    collate,
    open_run,
    read_material,
    train,
)

pytestmark = pytest.mark.train
TINY = Recipe(epochs=4, steps=2, batch=2, side=64, last_side=96, boxed=0.0, crops=4)


def drawn_crop(seed: int) -> np.ndarray:
    """A bright oval with a dark disc on each of the template's points."""
    random = np.random.default_rng(seed)
    crop = np.full((218, 178, 3), random.integers(0, 90, 3), np.uint8)
    colour = [int(value) for value in random.integers(170, 250, 3)]
    cv2.ellipse(crop, (89, 122), (48, 66), 0, 0, 360, colour, -1)
    for x, y in align.TEMPLATE:
        cv2.circle(crop, (round(float(x)), round(float(y))), 6, (20, 20, 20), -1)
    return crop


@pytest.fixture(scope="module")
def material() -> Material:
    return Material([drawn_crop(i) for i in range(4)], [], [])


def test_landmarks_and_boxes_lie_where_the_picture_shows_them(material, monkeypatch):
    """At every angle and size, mirrored or not."""
    for part in ("_covered", "draw_mask"):
        monkeypatch.setattr(paste, part, lambda crop, *_: crop)
    monkeypatch.setattr(paste, "disturb", lambda picture, _: picture)
    dark, faces = [], 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        picture = paste.scene(material.crops, [], 256, random)
        assert picture.pixels.shape == (256, 256, 3)
        assert picture.faces.shape[1] == paste.COLUMNS
        for face in picture.faces:
            points = face[5:].reshape(5, 2)
            box, size = face[1:5], float(np.sqrt((face[3:5] - face[1:3]).prod()))
            inside = ((points > 2) & (points < 253)).all()
            if size < 40 or not inside:
                continue
            faces += 1
            assert ((points > box[:2]) & (points < box[2:])).all()
            grey = picture.pixels.mean(-1)
            dark.append(np.mean([grey[round(y), round(x)] for x, y in points]))
    assert faces > 20
    assert np.median(dark) < 30


def test_the_box_is_the_oval_of_the_face_at_every_turn():
    for degrees in (0, 30, 90, 180, 260):
        warp = np.asarray(cv2.getRotationMatrix2D((89, 120), degrees, 1.7), np.float32)
        mask = np.zeros((400, 400), np.uint8)
        move = np.array([[1, 0, 120], [0, 1, 100]], np.float32)
        place = align.compose(move, align.invert(warp))
        turns = np.linspace(0, 2 * np.pi, 400)
        x, y, w, h = align.TEMPLATE_BOX
        ring = np.stack([np.cos(turns), np.sin(turns)], 1) * (w / 2, h / 2) + (x + w / 2, y + h / 2)
        cv2.fillPoly(mask, [np.rint(align.apply(place, ring)).astype(np.int32)], 255)
        rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
        seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert paste.oval_box(align.invert(place)) == pytest.approx(seen, abs=1.5)


def test_a_mirror_changes_left_and_right():
    face = np.array([[0, 10, 20, 40, 60, *range(10, 20)]], np.float32)
    twice = paste.mirror(paste.mirror(face, 100), 100)
    np.testing.assert_array_equal(twice, face)
    turned = paste.mirror(face, 100)[0]
    assert turned[1:5].tolist() == [60, 20, 90, 60]
    assert turned[5:7].tolist() == [99 - 12, 13], "the right eye is the left one"


def test_of_a_face_that_is_hardly_in_the_picture_nothing_is_learnt():
    row = np.zeros((3, paste.COLUMNS), np.float32)
    row[:, 1:5] = [[-30, 0, 10, 40], [-10, 0, 30, 40], [0, 0, 4, 4]]
    assert paste.trim(row, 64)[:, 1:5].tolist() == [[0, 0, 30, 40]]


def test_a_photo_with_boxes_keeps_them_and_has_no_landmarks():
    pixels, boxes, _ = masks.draw(np.random.default_rng(0), 2)
    faces = np.full((2, paste.COLUMNS), np.nan, np.float32)
    faces[:, 0] = 0
    faces[:, 1:5] = [[x, y, x + w, y + h] for x, y, w, h in boxes]
    photo, kept = paste.Scene(pixels, faces), 0
    for seed in range(30):
        picture = paste.scene([drawn_crop(0)], [], 128, np.random.default_rng(seed), photo)
        for face in picture.faces[np.isnan(picture.faces[:, 5])]:
            kept += 1
            assert (face[1:3] >= 0).all()
            assert (face[3:5] <= 128).all()
    assert kept > 10


def test_grounds_are_pictures_and_an_empty_folder_is_refused(tmp_path):
    random = np.random.default_rng(0)
    Image.fromarray(np.full((50, 80, 3), 77, np.uint8)).save(tmp_path / "a.png")
    folders = read_grounds([tmp_path])
    assert [len(photos) for photos in folders] == [1]
    shown = [ground(folders, 64, random) for _ in range(40)]
    assert all(each.shape == (64, 64, 3) and each.dtype == np.uint8 for each in shown)
    assert 5 < sum((each == 77).all() for each in shown) < 40
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="none holds no photo"):
        read_grounds([tmp_path / "none"])


def test_landmarks_that_nobody_knows_cost_nothing_and_others_do():
    torch.manual_seed(0)
    answers = torch.zeros(1, 4, 18)
    answers[..., 1:5] = torch.tensor([0.0, 0, 16, 16])
    answers[..., 5:7], answers[..., 7] = 8.0, 8.0
    target = torch.zeros(1, 1, 15)
    target[..., 1:5] = torch.tensor([0.0, 0, 16, 16])
    loss = DetectionLoss([])
    far, unknown = target.clone(), target.clone()
    far[..., 5:], unknown[..., 5:] = 8.0, float("nan")
    exact, off, none = (float(loss(answers, each)) for each in (target, far, unknown))
    assert exact == none < off


def test_training_twice_gives_the_same_network_and_so_does_a_killed_one(tmp_path, material):
    first, again = (train(material, TINY).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)

    run = open_run(tmp_path / "run", TINY)
    save = type(run).save_last

    def kill(self, state):
        save(self, state)
        if state["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as context:
        context.setattr(type(run), "save_last", kill)
        with pytest.raises(KeyboardInterrupt):
            train(material, TINY, run)
    resumed = train(material, TINY, open_run(tmp_path / "run", TINY)).state_dict()
    assert all(torch.equal(first[key], resumed[key]) for key in first)
    best = open_run(tmp_path / "run").load_best(TINY.make()).state_dict()
    assert all(torch.equal(first[key], best[key]) for key in first)


def test_the_last_epochs_see_larger_pictures(material):
    batches = Batches(material, TINY)
    sides = []
    for epoch in range(TINY.epochs):
        batches.epoch = epoch
        sides.append(next(iter(batches))[0].shape[-1])
    assert sides == [64, 64, 64, 64 if 3 < 0.8 * 4 else 96]


def test_training_learns_a_picture_and_its_landmarks(tmp_path, material, monkeypatch):
    pictures = (paste.scene(material.crops, [], 96, np.random.default_rng(i)) for i in range(99))
    picture = next(p for p in pictures if len(p.faces) == 1 and p.faces[0, 3] - p.faces[0, 1] > 30)
    monkeypatch.setattr(Material, "draw", lambda *_: picture)
    recipe = Recipe(epochs=4, steps=20, batch=2, side=96, last_side=96, ema=0.02)
    run = open_run(tmp_path / "run", recipe)
    network = train(material, recipe, run)
    losses = [float(row["train_loss"]) for row in run.history]
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        boxes, scores, points = Answers(network)(torch.from_numpy(picture.pixels[None]))
    best = int(scores.argmax())
    assert measure.overlaps(picture.faces[0, 1:5], boxes[0, best][None].numpy())[0] > 0.5
    off = points[0, best].numpy() - picture.faces[0, 5:].reshape(5, 2)
    assert np.hypot(*off.T).mean() < 10


def test_the_graph_answers_as_torch_does_and_the_finder_reads_it(tmp_path, material, monkeypatch):
    network = train(material, TINY)
    path = tmp_path / "finder" / "finder.onnx"
    path.parent.mkdir()
    export(network, path)
    monkeypatch.setattr("facelens.faces.own.embedded_folder", lambda name: tmp_path / name)
    finder = detect.open_detector("own")
    assert isinstance(finder, Own)
    picture = paste.scene(material.crops, [], 96, np.random.default_rng(1)).pixels[:64]
    with torch.no_grad():
        expected = Answers(network)(torch.from_numpy(picture[None]))
    # Kernels are stored in float16.
    for one, other in zip(finder.every_point(picture), expected, strict=True):
        np.testing.assert_allclose(one, other[0].numpy(), rtol=0.02, atol=0.3)
    boxes, scores, points = finder.answers(picture[:50, :70], 0.0)
    assert len(boxes) == len(scores) == len(points)
    assert (np.diff(scores) <= 0).all()
    assert finder.detect(np.zeros((300, 500, 3), np.uint8), finer=True) == []


def test_a_missing_or_damaged_finder_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("facelens.faces.own.embedded_folder", lambda name: tmp_path / name)
    with pytest.raises(DetectorError, match="is missing; reinstall Facelens"):
        detect.open_detector("own")
    (tmp_path / "finder").mkdir()
    own.embedded().write_bytes(b"not a network")
    with pytest.raises(DetectorError, match="is damaged; reinstall Facelens"):
        detect.open_detector("own")


def test_average_precision_is_the_area_below_the_filled_curve():
    truth = [np.array([[i * 20.0, 0, i * 20 + 10, 10] for i in range(4)])]
    wrong = [[0.0, 50, 10, 60], [20.0, 50, 30, 60]]
    boxes = np.array([truth[0][0], wrong[0], truth[0][1], truth[0][2], wrong[1]])
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert measure.average_precision(truth, [(boxes, scores)]) == pytest.approx(0.625)
    twice = np.array([truth[0][0]] * 2)
    assert measure.average_precision(truth, [(twice, scores[:2])]) == pytest.approx(0.25)
    assert measure.average_precision(truth, [(boxes[:0], scores[:0])]) == 0


def write_crops(folder, split, count):
    from pyarrow import parquet

    rows = []
    for i in range(count):
        file = io.BytesIO()
        Image.fromarray(drawn_crop(i)).save(file, "PNG")
        rows.append({"bytes": file.getvalue(), "path": f"{i}.png"})
    table = pa.table({"image": rows, "Smiling": [True] * count})
    parquet.write_table(table, folder / f"{split}-00000-of-00001.parquet")


def test_the_command_writes_a_finder_and_says_how_it_was_trained(tmp_path, monkeypatch):
    faces, photos, grounds = (tmp_path / name for name in ("faces", "photos", "grounds"))
    for folder in (faces, photos, grounds):
        folder.mkdir()
    write_crops(faces, "train", 6)
    write_crops(faces, "valid", 3)
    masks.write(photos, "train", 10, 0)
    Image.fromarray(np.full((90, 90, 3), 99, np.uint8)).save(grounds / "wall.png")
    out = tmp_path / "out"
    line = ["finder", str(faces), "--masks", str(photos), "--grounds", str(grounds),
            "--run", str(tmp_path / "run"), "--out", str(out), "--epochs", "1", "--steps", "2",
            "--batch", "2", "--side", "64", "--last-side", "64", "--crops", "5"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", line)
    monkeypatch.setattr(cv2, "setNumThreads", lambda _: None)
    command.main()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["training"] == {"crops": 5, "photos": 8, "grounds": [1]}
    assert manifest["validation"]["photos"] == 2, "a fifth is held out"
    assert manifest["recipe"]["steps"] == 2
    assert 0 <= manifest["validation"]["photos_ap50"] <= 1
    assert (out / "finder.onnx").stat().st_size < 1_000_000
    done = (tmp_path / "run" / "history.csv").read_bytes()
    (tmp_path / "run" / "last.pt").unlink()
    line = [each for each in line if each not in {"--out", str(out)}]
    monkeypatch.setattr(sys, "argv", [*line, "--export"])
    command.main()
    assert (tmp_path / "run" / "history.csv").read_bytes() == done, "nothing is trained"


def test_held_out_photos_are_not_learnt_from(tmp_path):
    faces, photos = tmp_path / "faces", tmp_path / "photos"
    faces.mkdir(), photos.mkdir()
    write_crops(faces, "train", 2)
    masks.write(photos, "train", 10, 0)
    found = read_material([faces], photos, [], TINY)
    assert (len(found.crops), len(found.photos), found.grounds) == (2, 8, [])
    pictures = [found.draw(64, 1.0, np.random.default_rng(i)) for i in range(4)]
    assert collate(pictures)[0].shape == (4, 3, 64, 64)
