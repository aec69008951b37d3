"""Train, resume, export and measure a detector on drawn photos."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers import masks

pytestmark = pytest.mark.train
pytest.importorskip("fastai")

import torch

from facelens.data.boxes import boxed_photos
from facelens.errors import DataError
from facelens.tasks import load_model
from facelens.tasks.mask.model import MOST, letterbox
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training import detect
from facelens.tasks.mask.training.augment import Augmentation, Labelled, mosaic, single
from facelens.tasks.mask.training.batches import (
    Batches,
    class_weights,
    collate,
    decode,
    repeats,
    whole,
)
from facelens.tasks.mask.training.calibrate import iou
from facelens.tasks.mask.training.ladder import LEVELS, Plan
from facelens.tasks.mask.training.run import data_of, open_run, read_sides
from facelens.training.boxes.losses import DetectionLoss, assign
from facelens.training.boxes.networks import BOX, FACE, LOGITS, POINT, STEP, TAPS, Detector

SIDE = 128
COPIES = 10  # of four photos: an epoch is as many steps
QUICK = replace(
    LEVELS["small"], epochs=28, side=SIDE, sides=(SIDE,), classes=True, width=32, batch=4,
    rate=6e-3, ema=0.05, augmentation=Augmentation(flip=0.5), plain=0.0, often=0.0, every=28,
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    masks.write(folder, "train", 4, 0, copies=COPIES)
    masks.write(folder, "valid", 3, 1)
    masks.write(folder, "test", 2, 2)
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A run that has learnt four photos by heart."""
    sides = read_sides(data, None)
    folder = tmp_path_factory.mktemp("runs") / "drawn"
    run = open_run(folder, "small", how=QUICK, data=data_of(sides))
    run.train(sides, from_scratch=True, device="cpu")
    return run


def point(x, y, stride, box, face=0.0):
    """The answers of one point."""
    return [face, *box, x, y, stride, 0.0, 0.0, 0.0]


# the network


@pytest.mark.parametrize("body", TAPS)
def test_every_field_of_every_level_answers_with_a_box_around_its_point(body):
    torch.manual_seed(0)
    network = Detector(body, strides=(4, 8, 16, 32), width=16, classes=3).eval()
    with torch.no_grad():
        answers = network(torch.randint(0, 255, (2, 3, 64, 96), dtype=torch.uint8))
    fields = [64 // s * (96 // s) for s in (4, 8, 16, 32)]
    assert answers.shape == (2, sum(fields), 8 + 3)
    assert answers[0, :, STEP].unique(return_counts=True)[1].tolist() == fields
    assert answers[0, 0, POINT].tolist() == [2, 2]
    assert answers[0, 1, POINT].tolist() == [6, 2], "row by row"
    middle = (answers[..., 1:3] + answers[..., 3:5]) / 2
    assert ((middle - answers[..., POINT]).abs() < answers[..., STEP : STEP + 1]).all()
    assert answers[..., FACE].sigmoid().max() < 0.1, "at first hardly anything is a face"


def test_the_levels_are_as_small_as_they_should_be():
    count = {
        name: sum(p.numel() for p in level.make().parameters()) for name, level in LEVELS.items()
    }
    assert 2 * count["ours"] < 4e6, "bytes of the weights in halves"
    assert 4 * count["small"] < 1e6, "bytes of the finder's weights in full"
    assert not LEVELS["small"].classes


# who answers for whom


def test_a_face_gets_the_points_in_its_middle_that_fit_it_best():
    box = [0, 0, 16, 16]
    answers = torch.tensor([
        point(4, 4, 8, box),
        point(12, 4, 8, [0, 0, 8, 8]),
        point(4, 12, 8, [0, 0, 16, 15]),
        point(60, 60, 8, box),
    ])  # fmt: skip
    rows, faces, ious = assign(answers, torch.tensor([[0.0, 0, 16, 16]]))
    assert rows.tolist() == [0, 2], "IoUs of 1, 1/4 and 15/16 sum up to two points"
    assert faces.tolist() == [0, 0]
    assert ious.tolist() == pytest.approx([1, 15 / 16])


def test_a_point_between_two_faces_answers_for_the_one_it_fits():
    answers = torch.tensor([
        point(10, 8, 8, [8, 0, 24, 16]), point(6, 8, 8, [0, 0, 16, 16]),
    ])  # fmt: skip
    rows, faces, _ = assign(answers, torch.tensor([[0.0, 0, 16, 16], [8, 0, 24, 16]]))
    assert dict(zip(rows.tolist(), faces.tolist(), strict=True)) == {0: 1, 1: 0}


def test_a_face_smaller_than_a_field_is_answered_for():
    answers = torch.tensor([point(4, 4, 8, [0, 0, 8, 8]), point(12, 4, 8, [8, 0, 16, 8])])
    rows, _, _ = assign(answers, torch.tensor([[5.0, 5, 8, 8]]))
    assert rows.tolist() == [0]
    nobody = assign(answers, torch.zeros(0, 4))
    assert [len(each) for each in nobody] == [0, 0, 0]


def test_the_loss_falls_where_answers_become_right():
    torch.manual_seed(0)
    loss = DetectionLoss([1.0, 1.0, 1.0])
    targets = torch.tensor([[[1, 0, 0, 16, 16.0], [-1, -1, -1, -1, -1]]])
    wrong = torch.tensor(
        [[point(8, 8, 8, [2, 2, 30, 30], face=-2), point(40, 8, 8, [32, 0, 48, 16])]]
    )
    right = wrong.clone()
    right[0, 0, BOX], right[0, 0, FACE] = torch.tensor([0.0, 0, 16, 16]), 4.0
    right[0, 0, LOGITS + 1], right[0, 1, FACE] = 6.0, -6.0
    assert loss(right, targets) < 0.1
    assert loss(wrong, targets) > 1
    nobody = torch.full((1, 1, 5), -1.0)
    assert loss(right, nobody) > loss(wrong, nobody) > 0, "a face that is none costs"
    assert torch.isfinite(DetectionLoss([])(wrong[..., :LOGITS], targets)), "without classes"


# pictures


def labelled(pixels, *faces):
    return Labelled(pixels, np.array(faces, np.float32).reshape(-1, 5))


def test_boxes_move_with_their_pixels():
    rng = np.random.default_rng(0)
    pixels = np.zeros((80, 100, 3), np.uint8)
    pixels[20:60, 30:70] = 255
    photo = labelled(pixels, [2, 30, 20, 70, 60])
    how = Augmentation(flip=0.5, scale=(0.5, 2.0))
    for _ in range(20):
        for seen in (single(photo, 128, how, rng), mosaic([photo] * 4, 128, how, rng)):
            for label, x1, y1, x2, y2 in seen.faces:
                inside = seen.pixels[round(y1) + 1 : round(y2) - 1, round(x1) + 1 : round(x2) - 1]
                assert label == 2
                assert inside.min() > 200
    plain = single(photo, 100, Augmentation(), rng)
    assert plain.faces[0, 1:].tolist()[0::2] == [30, 70]


def test_a_face_of_which_little_is_left_is_no_longer_one():
    rng = np.random.default_rng(0)
    photo = labelled(np.zeros((100, 100, 3), np.uint8), [0, 0, 0, 10, 10], [1, 40, 40, 60, 60])
    counts = {len(single(photo, 100, Augmentation(scale=(1.9, 2.0)), rng).faces) for _ in range(30)}
    assert counts >= {0, 1}
    for _ in range(30):
        faces = mosaic([photo] * 4, 100, Augmentation(scale=(0.9, 1.1)), rng).faces
        sides = faces[:, 3:] - faces[:, 1:3]
        assert (faces[:, 1:] >= 0).all()
        assert (faces[:, 1:] <= 100).all()
        assert (sides.prod(1) >= 0.49 * 0.8 * np.where(faces[:, 0] == 0, 100, 400)).all()


def test_light_changes_pixels_and_grey_takes_colour():
    rng = np.random.default_rng(0)
    photo = labelled(np.full((32, 32, 3), (200, 100, 50), np.uint8))
    lit = {tuple(single(photo, 32, Augmentation(light=0.3), rng).pixels[0, 0]) for _ in range(8)}
    assert len(lit) == 8
    grey = single(photo, 32, Augmentation(grey=1), rng).pixels[0, 0]
    assert len(set(grey.tolist())) == 1


def test_rare_classes_weigh_more_and_come_more_often():
    black = np.zeros((8, 8, 3), np.uint8)
    photos = [labelled(black, [0, 0, 0, 4, 4])] * 15 + [labelled(black, [2, 0, 0, 4, 4])]
    weights = class_weights(photos, 0.5)
    assert weights[2] > 3 * weights[0] > 0
    counts = np.array([15, 0, 1])
    assert (np.array(weights) * counts).sum() / 16 == pytest.approx(1)
    times = repeats(photos, 0.25)
    assert times.tolist() == [1] * 15 + [2]
    assert repeats(photos, 0).tolist() == [1] * 16


def test_an_epoch_is_drawn_from_its_number_and_the_seed(data):
    photos = decode(boxed_photos(data, "train", NAMES)[::COPIES])
    how = replace(LEVELS["ours"], epochs=10, batch=2, sides=(64, 96), side=96)

    def first(seed, epoch):
        batches = Batches(photos, how, seed)
        batches.epoch = epoch
        return [pictures for pictures, _ in batches]

    assert torch.equal(first(0, 3)[0], first(0, 3)[0])
    assert not torch.equal(first(0, 3)[0], first(1, 3)[0])
    shapes = {tuple(each.shape[2:]) for epoch in range(6) for each in first(0, epoch)}
    assert shapes == {(64, 64), (96, 96)}
    assert {tuple(each.shape[2:]) for each in first(0, 9)} == {(96, 96)}, "the last are plain"


def test_targets_are_filled_up_with_no_class():
    black = np.zeros((32, 32, 3), np.uint8)
    pictures, targets = collate(
        [labelled(black), labelled(black, [1, 0, 0, 4, 4], [0, 1, 1, 5, 5])]
    )
    assert pictures.shape == (2, 3, 32, 32)
    assert targets[..., 0].tolist() == [[-1, -1], [1, 0]]


# training


def test_it_detects_what_it_has_learnt(trained, data):
    photos = decode(boxed_photos(data, "train", NAMES)[::COPIES])
    network = trained.network()
    ((pictures, _),) = whole(photos, SIDE, 8)
    with torch.no_grad():
        outputs = network(pictures)
    answers = [
        detect.as_answers(each, SIDE / max(photo.pixels.shape))
        for each, photo in zip(outputs, photos, strict=True)
    ]
    found = detect.average_precisions([detect.Known(photo) for photo in photos], answers)
    assert np.mean([each[0] for each in found.values()]) > 0.8
    last = trained.history[-1]
    assert float(last["train_loss"]) < 0.5 * float(trained.history[0]["train_loss"])
    assert last["map50"]
    assert not trained.history[0]["map50"], "measured every so many epochs only"


def test_a_stopped_run_resumes_as_if_it_had_not_been(data, tmp_path, monkeypatch):
    train, valid = read_sides(data, None)
    sides = train[::2], valid
    how = replace(QUICK, epochs=3, every=1, augmentation=LEVELS["ours"].augmentation)

    def train(name, stop=None):
        run = open_run(tmp_path / name, "small", how=how, data=data_of(sides))
        if stop is not None:
            saved = type(run).save_last

            def save_and_stop(self, state):
                saved(self, state)
                if state["epoch"] == stop:
                    raise KeyboardInterrupt

            with monkeypatch.context() as patch:
                patch.setattr(type(run), "save_last", save_and_stop)
                with pytest.raises(KeyboardInterrupt):
                    run.train(sides, from_scratch=True, device="cpu")
            assert not run.is_finished
        return run.train(sides, from_scratch=True, device="cpu"), run

    (unbroken, _), (resumed, run) = train("whole"), train("stopped", stop=0)
    assert [row["epoch"] for row in run.history] == ["0", "1", "2"]
    assert run.is_finished
    for (name, one), other in zip(
        unbroken.state_dict().items(), resumed.state_dict().values(), strict=True
    ):
        assert torch.allclose(one.float(), other.float(), atol=1e-5), name


def test_a_fold_holds_out_a_fifth(tmp_path):
    masks.write(tmp_path, "train", 10, 3)
    held = [{photo.name for photo in read_sides(tmp_path, fold)[1]} for fold in range(5)]
    assert len(set().union(*held)) == sum(map(len, held)) == 10
    learnt, measured = read_sides(tmp_path, 0)
    assert not {photo.name for photo in learnt} & {photo.name for photo in measured}
    assert read_sides(tmp_path, None)[1] == []


def test_a_run_is_what_its_config_says_and_no_other(trained, tmp_path):
    kept = json.loads((trained.folder / "config.json").read_text())
    assert Plan.fromdict(kept["recipe"]) == trained.recipe
    assert kept["data"]["boxes"].keys() == set(NAMES)
    with pytest.raises(DataError, match="another recipe"):
        open_run(trained.folder, "small", how=replace(QUICK, rate=1.0), data=kept["data"])
    with pytest.raises(DataError, match="other data"):
        open_run(trained.folder, "small", how=QUICK, data={"train": 1})
    with pytest.raises(DataError, match="no level 'nonsense'"):
        open_run(tmp_path / "x", "nonsense")
    (tmp_path / "config.json").write_text('{"task": "expression"}')
    with pytest.raises(DataError, match="not of a training run for masks"):
        open_run(tmp_path)


def test_photos_without_a_face_teach_nothing(tmp_path):
    masks.write(tmp_path, "train", 2, 0, faces=0)
    sides = read_sides(tmp_path, None)
    run = open_run(tmp_path / "run", "small", how=QUICK, data=data_of(sides))
    with pytest.raises(DataError, match="no boxed face"):
        run.train(sides, from_scratch=True, device="cpu")


# the bundle


@pytest.fixture(scope="module")
def bundle(trained, data, tmp_path_factory):
    from facelens.tasks.mask.training.export import export

    out = tmp_path_factory.mktemp("bundles") / "mask"
    return export(trained, out, data=data, name="mask", version="1")


def numpy_nms(boxes, scores, overlap):
    """By falling score, each box that overlaps none that is kept by more than `overlap`."""
    kept = []
    area = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(1)
    for i in np.argsort(-scores, kind="stable"):
        low = np.maximum(boxes[i, :2], boxes[kept, :2])
        both = np.maximum(np.minimum(boxes[i, 2:], boxes[kept, 2:]) - low, 0).prod(1)
        if (both <= overlap * (area[i] + area[kept] - both)).all():
            kept.append(i)
    return kept


@pytest.fixture(scope="module")
def graph(trained, tmp_path_factory):
    """The run's network as a graph with suppression."""
    from facelens.tasks.mask.training.graph import add_suppression, write_dense

    path = tmp_path_factory.mktemp("graphs") / "graph.onnx"
    write_dense(trained.network(), path, SIDE)
    add_suppression(path)
    return path


@pytest.mark.parametrize("size", [(200, 160), (90, 200)])
def test_the_graph_suppresses_as_numpy_does(trained, graph, size):
    import onnxruntime

    network = trained.network()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    pictures = [
        letterbox(masks.draw(np.random.default_rng(i), 2, size)[0], SIDE)[0] for i in (0, 5)
    ]
    batch = np.stack(pictures)
    boxes, scores, logits = session.run(None, {"photos": batch})
    assert boxes.shape == (2, MOST, 4)
    with torch.no_grad():
        answers = network(torch.from_numpy(batch).permute(0, 3, 1, 2)).numpy()
    for i, all_answers in enumerate(answers):
        score = 1 / (1 + np.exp(-all_answers[:, FACE]))
        there = score > detect.MIN_SCORE
        kept = numpy_nms(all_answers[there, BOX], score[there], detect.OVERLAP)[:MOST]
        assert len(kept) < there.sum(), "something is suppressed"
        count = int((scores[i] > 0).sum())
        assert count == len(kept)
        assert np.allclose(scores[i, :count], score[there][kept], atol=1e-4)
        assert np.allclose(boxes[i, :count], all_answers[there, BOX][kept], atol=2e-2)
        assert np.allclose(logits[i, :count], all_answers[there, LOGITS:][kept], atol=2e-2)


def test_a_bundle_finds_the_drawn_faces_and_says_how_well(bundle, data):
    metrics = bundle.config.metrics
    assert metrics["graph_difference"] < 0.01
    assert metrics["tried"].keys() == {"float16", "int8"}
    assert metrics["precision"] in metrics["tried"]
    assert metrics["test"]["classes"].keys() == set(NAMES)
    assert metrics["valid"]["photos"] == 3
    curves, classes = bundle.curves, metrics["valid"]["classes"]
    assert (curves.names, curves.photos) == (NAMES, 3)
    assert curves.boxes.tolist() == [classes[name]["count"] for name in NAMES]
    assert (np.diff(np.nan_to_num(curves.recall)) <= 0).all(), "a higher threshold finds no more"
    found = 0
    for photo in boxed_photos(data, "train", NAMES)[::COPIES]:
        (faces,) = bundle.predict([photo.pixels], min_score=0.05)
        assert [face.side for face in faces] == sorted((f.side for f in faces), reverse=True)
        assert all(face.probabilities.sum() == pytest.approx(1) for face in faces)
        for box in photo.boxes:
            found += max(iou(face.corners, box) for face in faces) > 0.5
    assert found >= 7, "of eight"


def test_a_bundle_is_opened_again_and_agrees_with_its_example(bundle):
    again = load_model(str(bundle.bundle.folder))
    assert again.title == "mask 1"
    assert again.config.min_score == bundle.config.min_score
    again.check()
    assert again.deviation.is_fine
    size = sum(entry["size"] for entry in again.bundle.files.values())
    assert size < 1_500_000
    assert "CC0 by Kaggle's page, not verified" in again.card
    assert "Mask worn wrongly" in again.card


def test_export_refuses_what_is_no_finished_detector(data, tmp_path):
    from facelens.tasks.mask.training.export import export

    about = {"data": data, "name": "mask", "version": "1"}
    sides = read_sides(data, None)
    begun = open_run(tmp_path / "begun", "small", how=QUICK, data=data_of(sides))
    with pytest.raises(DataError, match="not trained to its end"):
        export(begun, tmp_path / "out", **about)
    finder = open_run(tmp_path / "finder", "small", how=replace(QUICK, classes=False))
    with pytest.raises(DataError, match="only finds faces"):
        export(finder, tmp_path / "out", **about)
    with pytest.raises(DataError, match="multiple of 32 from 128 to 1280"):
        export(begun, tmp_path / "out", side=400, **about)
    assert not (tmp_path / "out").exists()


# the commands


def test_the_commands_walk_the_whole_road(data, bundle, run, tmp_path):
    out = tmp_path / "run"
    line = ["train", data, "--task", "mask", "--level", "small", "--all", "--epochs", 0, 1,
            "--out", out]  # fmt: skip
    assert run(*line)[0] == 0
    assert (out / "best.safetensors").is_file()
    code, text, _ = run("evaluate", data, "--task", "mask", "--split", "test", "--json",
                        "--model", bundle.bundle.folder)  # fmt: skip
    assert code == 0
    said = json.loads(text)
    assert said["photos"] == 2
    assert {"map50", "map50_95", "classes", "by_size"} <= said.keys()
    assert all({"ap50", "count"} <= each.keys() for each in said["classes"].values())
    code, text, _ = run("evaluate", data, "--task", "mask", "--model", bundle.bundle.folder)
    assert code == 0
    assert "Mask worn wrongly" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--level", "nonsense"], "no level 'nonsense'; there are ours, small"),
        (["--epochs", 3, 4], "give --epochs 0 60"),
        (["--level", "small", "--backbone-weights", "x"], "takes no --backbone-weights"),
        (["--backbone-weights", "nowhere.pth"], "nowhere.pth holds no weights of mobilenet_v2"),
        (["--fold", 5], "from 0 to 4"),
    ],
)
def test_a_training_that_cannot_be_is_a_sentence(data, run, tmp_path, more, words):
    code, out, err = run("train", data, "--task", "mask", *more, "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert words in err
