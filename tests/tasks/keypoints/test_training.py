"""The training of the ladder that finds fifteen points, on faces drawn here."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers.marked import parquet_of

torch = pytest.importorskip("torch", reason="pip install 'facelens[train]'")
pytest.importorskip("fastai", reason="pip install 'facelens[train]'")

from facelens import load_model
from facelens.commands.main import main
from facelens.errors import DataError, OutputError
from facelens.faces import align
from facelens.tasks.keypoints import (
    marks,
)
from facelens.tasks.keypoints.marks import MIRRORED, NAMES, SPECIALISTS, Faces
from facelens.tasks.keypoints.training import ladder, networks
from facelens.tasks.keypoints.training.augment import AUGMENTATIONS, Augmentation, augment
from facelens.tasks.keypoints.training.export import answers_of
from facelens.tasks.keypoints.training.ladder import LADDER, hold_out, predict
from facelens.tasks.keypoints.training.run import offset_of, open_run, read_faces
from facelens.tasks.keypoints.training.train import schedule, train
from facelens.training.run import Run

pytestmark = pytest.mark.train

# On a toy, threads that wait for each other cost more than they save.
torch.set_num_threads(1)

NOSE, LEFT, RIGHT = (NAMES.index(n) for n in ("nose_tip", "left_eye_center", "right_eye_center"))
WHERE = np.random.default_rng(7).uniform(-14, 14, (15, 2))
WHERE[MIRRORED] = (WHERE + WHERE[MIRRORED] * (-1, 1))[MIRRORED] / 2  # as even as faces are


def drawn(count, seed=0, people=8):
    """A bright blot on black; the points lie around it, and some are missing."""
    random = np.random.default_rng(seed)
    middles = random.uniform(30, 66, (count, 1, 2))
    y, x = np.mgrid[:96, :96]
    near = np.hypot(x - middles[..., :1], y - middles[..., 1:]) < 12
    pictures = np.where(near, 220, 10) + random.integers(0, 30, (count, 96, 96))
    points = (middles + WHERE).astype(np.float32)
    points[random.random((count, 15)) < 0.1] = np.nan
    who = np.array([f"P{seed}-{i % people}" for i in range(count)])
    return Faces(pictures.astype(np.uint8), points, who)


FACES, VALID = drawn(96), drawn(24, seed=1)


def short(name, **changes):
    """A level of the ladder, small enough for a test."""
    return replace(LADDER[name], batch=16, **changes)


def marked(turns=1):
    """A black picture with a bright spot for each eye and the nose, and only these points."""
    pictures = torch.zeros(turns, 96, 96)
    points = torch.full((turns, 15, 2), torch.nan)
    for point, (x, y) in ((NOSE, (50, 60)), (LEFT, (64, 36)), (RIGHT, (34, 40))):
        pictures[:, y - 1 : y + 2, x - 1 : x + 2] = 80.0 * (1 + [NOSE, LEFT, RIGHT].index(point))
        points[:, point] = torch.tensor([x, y])
    return pictures, points


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(),
        Augmentation(flip=1.0),
        Augmentation(rotation=30),
        Augmentation(scale=0.3),
        Augmentation(shift=9),
        Augmentation(flip=0.5, rotation=25, scale=0.2, shift=6),
    ],
)
def test_points_go_where_the_picture_goes(how):
    pictures, points = marked(16)
    moved, there = augment(pictures, points, how, torch.Generator().manual_seed(1))
    assert torch.isfinite(there).any(2).sum() > 40
    for picture, at in zip(moved, there, strict=True):
        for point in (NOSE, LEFT, RIGHT):
            if at[point].isfinite().all():
                x, y = at[point].clamp(1, 94).round().int()
                assert picture[y - 1 : y + 2, x - 1 : x + 2].max() > 40


def test_a_mirror_swaps_the_eyes_and_agrees_with_the_library():
    faces = drawn(4)
    how = Augmentation(flip=1.0)
    pictures, points = augment(
        torch.from_numpy(faces.pictures), torch.from_numpy(faces.points), how, torch.Generator()
    )
    mirrored = marks.mirror(faces)
    np.testing.assert_allclose(pictures, mirrored.pictures, atol=0.05)
    np.testing.assert_allclose(points, mirrored.points, atol=1e-3)


def test_a_point_that_leaves_the_picture_is_unknown():
    pictures, points = marked(32)
    points[:, NOSE] = torch.tensor([94.0, 48.0])
    _, there = augment(pictures, points, Augmentation(shift=8), torch.Generator().manual_seed(0))
    gone = there[:, NOSE].isnan().all(1)
    assert 4 < gone.sum() < 28
    assert there[:, LEFT].isfinite().all()


@pytest.mark.parametrize("change", AUGMENTATIONS)
def test_each_augmentation_changes_some_pictures(change):
    faces = drawn(16)
    how = Augmentation(**AUGMENTATIONS[change])
    before = torch.from_numpy(faces.pictures)
    after, points = augment(
        before, torch.from_numpy(faces.points), how, torch.Generator().manual_seed(0)
    )
    changed = (after - before).abs().mean((1, 2)) > 0.5
    assert changed.sum() == 16 if change == "rotation" else 3 < changed.sum() < 13
    assert 0 <= after.min() <= after.max() <= 255
    if "threshold" in change:
        assert set(after[changed].unique().tolist()) <= {0, 255}
    if change != "rotation":
        np.testing.assert_allclose(points, faces.points, atol=1e-3)


def test_light_is_only_light():
    faces = drawn(8)
    points = torch.from_numpy(faces.points)
    lit, there = augment(
        torch.from_numpy(faces.pictures), points, Augmentation(light=0.3), torch.Generator()
    )
    torch.testing.assert_close(there, points, equal_nan=True, atol=1e-3, rtol=0)
    assert (lit - torch.from_numpy(faces.pictures)).abs().mean() > 3


@pytest.mark.parametrize("name", ["layer", "ours"])
def test_what_is_unknown_pulls_nowhere(name):
    network = LADDER[name].make()
    features = network.features(torch.from_numpy(FACES.pictures[:4]))
    answer = network.answer(features)
    answer.retain_grad()
    truth = torch.full((4, 15, 2), torch.nan)
    assert network.loss(features, answer, truth) == 0
    truth[0, 3] = torch.tensor([20.0, 80.0])
    network.loss(features, answer, truth).backward()
    assert answer.grad.nonzero().tolist() == [[0, 3, 0], [0, 3, 1]]
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


def test_the_loss_of_the_study_is_on_its_scale():
    truth = torch.full((1, 15, 2), 48.0)
    answer = torch.zeros(1, 15, 2)
    assert LADDER["layer"].make().loss(answer, answer, truth).item() == pytest.approx(1)


def test_a_map_is_answered_by_its_middle():
    """A spot in the map is found between the map's pixels, in pixels of the picture."""
    network = LADDER["ours"].make()
    y, x = np.mgrid[:24, :24] * 4 + 1.5  # 96 pixels over 24
    spot = -((x - 61) ** 2 + (y - 33) ** 2) / networks.SPOT**2 / 2
    network.last = torch.nn.Identity()
    features = torch.from_numpy(spot).float().expand(1, 15, 24, 24)
    answer = network.answer(features)
    torch.testing.assert_close(
        answer, torch.tensor([61.0, 33.0]).expand(1, 15, 2), atol=0.01, rtol=0
    )
    assert network.loss(features, answer, answer).item() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", LADDER)
def test_every_level_answers_with_fifteen_points_and_can_be_kept(name):
    network = LADDER[name].make().eval()
    with torch.inference_mode():
        answer = network(torch.from_numpy(FACES.pictures[:3]))
    assert answer.shape == (3, 15, 2)
    assert answer.isfinite().all()
    again = LADDER[name].make().eval()
    again.load_state_dict(network.state_dict())
    with torch.inference_mode():
        torch.testing.assert_close(again(torch.from_numpy(FACES.pictures[:3])), answer)


def test_ours_is_small_and_fits_its_bundle():
    weights = sum(p.numel() for p in LADDER["ours"].make().parameters())
    assert weights < 1_000_000
    assert 4 * weights < 4_000_000


def test_the_mean_face_knows_nothing_of_the_picture():
    done = train("mean", FACES, VALID)
    answers = predict(done.network, VALID.pictures)
    np.testing.assert_allclose(answers[0], marks.mean_face(FACES), rtol=1e-5)
    assert (answers == answers[0]).all()
    assert done.curves == []


@pytest.mark.parametrize(
    ("name", "changes", "epochs"),
    [
        ("layer", {"rates": (0.03, 0.03)}, 15),
        ("cnn", {"rates": (0.03, 0.03)}, 10),
        ("ours", {"both_ways": False}, 8),
    ],
)
def test_a_level_beats_the_mean_face_on_other_people(name, changes, epochs):
    level = short(name, **changes)
    done = train(name, FACES, VALID, level=level, epochs=epochs, device="cpu")
    mean = np.broadcast_to(marks.mean_face(FACES), VALID.points.shape)
    answers = predict(done.network, VALID.pictures)
    assert marks.rmse(answers, VALID.points) < 0.6 * marks.rmse(mean, VALID.points)
    assert [row["epoch"] for row in done.curves] == list(range(1, epochs + 1))
    assert done.curves[-1]["valid"] == pytest.approx(marks.rmse(answers, VALID.points), rel=0.05)
    assert done.minutes > 0


def test_training_twice_gives_the_same_network_and_another_seed_another():
    level = short("ours", make=lambda: networks.HeatMaps((4, 4, 4, 4)))
    first, again, other = (
        predict(
            train("ours", FACES, VALID, level=level, epochs=1, seed=seed, device="cpu").network,
            VALID.pictures,
        )
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def small():
    return networks.Regression(
        torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(96 * 96, 30), torch.nn.ReLU()), 30
    )


def test_specialists_begin_as_the_start_and_each_learns_its_own_points():
    start = small()
    level = short("specialists", make=lambda: networks.Specialists(small))
    same = train("specialists", FACES, VALID, level=replace(level, rates=(0, 0)), epochs=1,
                          start=start, device="cpu")  # fmt: skip
    np.testing.assert_allclose(
        predict(same.network, VALID.pictures),
        predict(start, VALID.pictures), rtol=1e-5,
    )  # fmt: skip
    done = train("specialists", FACES, VALID, level=level, epochs=2, start=start,
                          device="cpu")  # fmt: skip
    assert [row["network"] for row in done.curves[::2]] == list(SPECIALISTS)
    first = done.network.experts[list(SPECIALISTS).index("nose tip")]
    moved = (first.last.weight != start.last.weight).any(1).view(15, 2).all(1)
    assert moved.nonzero().ravel().tolist() == [NOSE]


def test_early_stopping_keeps_the_best_epoch():
    level = short("layer", rates=(0.01, 5.0), patience=2)
    done = train("layer", FACES, VALID, level=level, epochs=30, device="cpu")
    errors = [row["valid"] for row in done.curves]
    assert len(errors) < 30
    answers = predict(done.network, VALID.pictures)
    assert marks.rmse(answers, VALID.points) == pytest.approx(min(errors), rel=0.02)


def test_rate_and_momentum_change_as_the_study_has_it():
    changes = schedule(LADDER["deep"])
    for done, rate, momentum in ((0, 0.03, 0.9), (0.5, 0.0155, 0.9495), (1, 0.001, 0.999)):
        assert changes["lr"](done) == pytest.approx(rate)
        assert changes["mom"](done) == pytest.approx(momentum)


def test_people_are_held_out_not_rows():
    rest, held = hold_out(FACES, share=0.25, seed=3)
    assert len(set(held.people)) == 2
    assert not set(rest.people) & set(held.people)
    assert len(rest) + len(held) == len(FACES)
    again = hold_out(FACES, share=0.25, seed=3)[1]
    np.testing.assert_array_equal(again.people, held.people)
    with pytest.raises(DataError, match="too few to hold out"):
        hold_out(drawn(4, people=1))


def test_what_cannot_be_trained_is_a_sentence():
    with pytest.raises(DataError, match="no level 'huge'; there are mean, layer"):
        train("huge", FACES, VALID)
    with pytest.raises(DataError, match="The same people"):
        train("layer", FACES, FACES)
    with pytest.raises(DataError, match="specialists starts from deep: train that first"):
        train("specialists", FACES, VALID)


def test_looking_both_ways_is_blind_to_which_way_a_face_looks():
    level = short("ours", make=lambda: networks.HeatMaps((4, 4, 4, 4)))
    done = train("ours", FACES, VALID, level=level, epochs=1, device="cpu")
    turned = marks.mirror(VALID)
    there = predict(done.network, turned.pictures)[:, MIRRORED]
    there[..., 0] = 2 * marks.MIDDLE - there[..., 0]
    np.testing.assert_allclose(there, predict(done.network, VALID.pictures), atol=1e-3)


class KilledError(Exception):
    pass


def dropping():
    """Small, and with dropout, whose draws a resumed run has to continue."""
    layers = (
        torch.nn.Flatten(),
        torch.nn.Linear(96 * 96, 30),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
    )
    return networks.Regression(torch.nn.Sequential(*layers), 30)


def killed_after(epochs, monkeypatch):
    """Have a training die when so many epochs are safe on disk."""
    save, count = Run.save_last, iter(range(1, epochs + 1))

    def counted(run, state):
        save(run, state)
        if next(count) == epochs:
            raise KilledError("killed")

    monkeypatch.setattr(Run, "save_last", counted)


@pytest.mark.parametrize(
    ("name", "make", "patience", "epochs"),
    [
        ("ours", lambda: networks.HeatMaps((4, 4, 4, 4)), None, 2),
        ("layer", dropping, None, 3),
        ("layer", dropping, 3, 3),
        ("specialists", lambda: networks.Specialists(dropping), 2, 5),
        ("specialists", lambda: networks.Specialists(dropping), 2, 6),
    ],
)
def test_a_killed_run_resumes_to_the_network_of_an_unbroken_one(  # noqa: PLR0917
    name, make, patience, epochs, tmp_path, monkeypatch
):
    """After its last whole epoch, one network or several, at a network's end or within it."""
    monkeypatch.setitem(ladder.LEVELS, name, short(name, make=make, patience=patience))
    torch.manual_seed(0)
    start = dropping() if name == "specialists" else None
    made = {"epochs": 3, "seed": 5, "data": {"train": 96}}
    whole = open_run(tmp_path / "whole", name, **made)
    expected = whole.train(FACES, VALID, start=start, device="cpu")
    with monkeypatch.context() as context:
        killed_after(epochs, context)
        with pytest.raises(KilledError):
            open_run(tmp_path / "run", name, **made).train(FACES, VALID, start=start, device="cpu")
    assert len(open_run(tmp_path / "run").history) == epochs
    with pytest.raises(DataError, match="not trained to its end"):
        open_run(tmp_path / "run").load()
    resumed = open_run(tmp_path / "run", name, **made)
    done = resumed.train(FACES, VALID, start=start, device="cpu")

    def figures(trained):
        return [(r["network"], r["epoch"], r["train"], r["valid"]) for r in trained.curves]

    assert figures(done) == figures(expected) == figures(resumed.load())
    answers = predict(done.network, VALID.pictures)
    np.testing.assert_array_equal(answers, predict(expected.network, VALID.pictures))
    # Weights that were read lie in another order in memory, and are summed up in another.
    loaded = predict(resumed.load().network, VALID.pictures)
    np.testing.assert_allclose(loaded, answers, atol=1e-3)
    before = {path.name: path.stat().st_mtime_ns for path in resumed.folder.glob("*.*")}
    resumed.train(FACES, VALID, start=start, device="cpu")  # nothing is trained any more
    assert {path.name: path.stat().st_mtime_ns for path in resumed.folder.glob("*.*")} == before


def test_two_trainings_do_not_share_a_folder(tmp_path):
    run = open_run(tmp_path, "mean", data={"train": 96})
    with run.alone(), pytest.raises(OutputError, match="Another facelens is running"):
        run.train(FACES, VALID, device="cpu")
    run.train(FACES, VALID, device="cpu")


def test_a_folder_of_another_run_is_left_alone(tmp_path):
    open_run(tmp_path, "layer", seed=1)
    assert open_run(tmp_path, "layer", seed=1).level == "layer"
    (tmp_path / "last.pt").touch()  # an epoch of work
    with pytest.raises(DataError, match="another recipe; choose another folder"):
        open_run(tmp_path, "layer", seed=2)
    with pytest.raises(DataError, match=r"has no config\.json"):
        open_run(tmp_path / "none")
    (tmp_path / "config.json").write_text('{"recipe": {}}')
    with pytest.raises(DataError, match="not of a training run for keypoints"):
        open_run(tmp_path)
    (tmp_path / "config.json").write_text(
        '{"task": "keypoints", "rung": "layer", "seed": 0, "epochs": 1, "augmentation": {}, '
        '"data": {"axis": 48.65, "fall": 1.6}}'
    )
    with pytest.raises(DataError, match="on marks that lay beside what they mark"):
        open_run(tmp_path)
    (tmp_path / "config.json").write_text('{"task": "keypoints", "recipe": {"level": "huge"}}')
    with pytest.raises(DataError, match="not a training run's"):
        open_run(tmp_path, "layer")


def test_weights_that_are_damaged_are_a_sentence(tmp_path):
    run = open_run(tmp_path, "layer", data={"train": 96})
    (tmp_path / "all.safetensors").write_bytes(b"what is this")
    with pytest.raises(DataError, match=r"all\.safetensors is damaged; delete the folder"):
        run.load()


@pytest.fixture
def folder(tmp_path):
    """Faces as `facelens train` takes them, and others to measure on."""
    data = tmp_path / "data"
    data.mkdir()
    parquet_of(FACES, data / "train-00000-of-00001.parquet")
    parquet_of(VALID, data / "test-00000-of-00001.parquet")
    return data


def test_a_terminal_trains_exports_and_says_what_it_did(folder, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(LADDER, "layer", short("layer"))
    monkeypatch.setitem(ladder.LEVELS, "layer", short("layer"))
    run, out = tmp_path / "run", tmp_path / "bundle"
    train = ["train", str(folder), "--task", "keypoints", "--level", "layer", "--out", str(run)]
    with caplog.at_level("INFO"):
        assert main([*train, "--epochs", "0", "2", "--device", "cpu"]) == 0
    assert "px off on" in caplog.text
    assert main(["export", str(run), "--data", str(folder), "--out", str(out)]) == 0
    model = load_model(str(out))
    answers = answers_of(model, VALID.pictures)
    assert model.config.offset == (0, 0)
    # A table for the data set has its offset in again.
    assert model.config.marked == marks.PARQUET_OFFSET
    trained = open_run(run).load()
    np.testing.assert_allclose(answers, predict(trained.network, VALID.pictures), atol=0.01)
    test = model.config.metrics["test"]
    assert test["faces"] == len(VALID)
    # Not the very file: of the 24 faces the marks were rounded to float32 and so were the errors.
    assert test["rmse_px"] == pytest.approx(marks.rmse(answers, VALID.points), rel=1e-3)
    assert model.config.recipe["epochs"] == 2
    assert "## How good" in (out / "README.md").read_text()
    # The frame takes the template's eyes to where these faces have theirs on average.
    rest, _ = hold_out(FACES)
    eyes = marks.mean_face(rest)[[RIGHT, LEFT]]
    middle = align.apply(model.config.frame, align.TEMPLATE[:2]).mean(0)
    assert np.hypot(*(middle - eyes.mean(0))) < 12
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    export = ["export", str(run), "--data", str(folder), "--out", str(tmp_path / "mine")]
    assert main(export) == 2
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--level", "huge"], "no level 'huge'"),
        (["--rung", "specialists"], "train that first, and give --start-from its run"),
        (["--level", "ours", "--start-from", "{run}"], "ours starts from nothing"),
        (["--level", "augmented", "--start-from", "{run}"], "is a run of layer, not of deep"),
        (["--level", "augmented", "--start-from", "{data}"], "has no config.json"),
        (["--level", "mean", "--epochs", "0", "3"], "mean learns in no epochs"),
        (["--epochs", "1", "9"], "For keypoints nothing is frozen"),
        (["--epochs", "0", "0"], "For keypoints nothing is frozen"),
        (["--size", "64x64"], "--size is an option of --task attributes"),
        (["--batch-size", "8"], "--batch-size is an option of"),
        (["--teacher", "mobilenet_v2"], "--teacher is an option of"),
        (["--device", "toaster"], "There is no device 'toaster'"),
    ],
)
def test_options_that_make_no_sense_are_sentences(options, words, folder, tmp_path, capsys):
    open_run(tmp_path / "before", "layer", data={"train": 96})
    options = [o.format(run=tmp_path / "before", data=folder) for o in options]
    train = ["train", str(folder), "--task", "keypoints", "--out", str(tmp_path / "run")]
    assert main([*train, *options]) == 2
    assert words in capsys.readouterr().err


def test_who_is_held_out_was_not_seen_by_the_network_that_is_started_from(
    folder, tmp_path, capsys, monkeypatch
):
    for name in ("deep", "specialists"):
        make = small if name == "deep" else lambda: networks.Specialists(small)
        monkeypatch.setitem(LADDER, name, short(name, make=make))
        monkeypatch.setitem(ladder.LEVELS, name, short(name, make=make))
    train = ["train", str(folder), "--task", "keypoints", "--epochs", "0", "1", "--device", "cpu"]
    assert main([*train, "--level", "deep", "--out", str(tmp_path / "deep")]) == 0
    more = [*train, "--level", "specialists", "--start-from", str(tmp_path / "deep")]
    assert main([*more, "--out", str(tmp_path / "a"), "--seed", "1"]) == 2
    assert "with another --seed" in capsys.readouterr().err
    assert main([*more, "--out", str(tmp_path / "a")]) == 0
    # Another network under the same name is another start.
    shutil.rmtree(tmp_path / "deep")
    monkeypatch.setitem(LADDER, "deep", short("deep", make=small, rates=(0.02, 0.02)))
    monkeypatch.setitem(ladder.LEVELS, "deep", short("deep", make=small, rates=(0.02, 0.02)))
    assert main([*train, "--level", "deep", "--out", str(tmp_path / "deep")]) == 0
    assert main([*more, "--out", str(tmp_path / "a")]) == 2
    assert "on other data" in capsys.readouterr().err


def test_faces_without_marks_teach_nothing():
    bare = replace(FACES, points=np.full_like(FACES.points, np.nan))
    with pytest.raises(DataError, match="No point is marked"):
        train("layer", bare, VALID)


def plan(level="layer", epochs=1, augmentation=None):
    """The config.json of a run."""
    recipe = {"level": level, "seed": 0, "epochs": epochs, "augmentation": augmentation or {}}
    return json.dumps({"task": "keypoints", "data": {"train": 96}, "start": "", "recipe": recipe})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("history.csv", "stage,epoch,network,train,valid,seconds\n0,one,all,2,3,4\n"),
        ("history.csv", "stage,epoch\nwhat,is this\n"),
        ("config.json", plan(level=[])),
        ("config.json", plan(epochs="x")),
        ("config.json", plan(augmentation={"magic": 1})),
    ],
)
def test_a_damaged_run_is_a_sentence(name, text, tmp_path):
    run = open_run(tmp_path, "layer", data={"train": 96})
    run.save_weights("all", LADDER["layer"].make().state_dict())
    run.add_row({"stage": 0, "epoch": 0, "network": "all", "train": 1, "valid": 2, "seconds": 3})
    assert run.load().name == "layer"
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError):
        open_run(tmp_path).load()


def test_weights_of_another_network_are_a_sentence(tmp_path):
    run = open_run(tmp_path, "layer", data={"train": 96})
    run.save_weights("all", LADDER["cnn"].make().state_dict())
    with pytest.raises(DataError, match="is damaged; delete the folder"):
        run.load()


def test_a_folder_that_holds_more_than_a_bundle_is_left_alone(folder, tmp_path, capsys):
    run, out = tmp_path / "run", tmp_path / "mine"
    train = ["train", str(folder), "--task", "keypoints", "--level", "mean", "--out", str(run)]
    assert main(train) == 0
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    (out / "letter.txt").write_text("keep me")
    export = ["export", str(run), "--data", str(folder), "--out"]
    assert main([*export, str(out)]) == 2
    assert "holds more than a bundle (letter.txt)" in capsys.readouterr().err
    assert (out / "letter.txt").read_text() == "keep me"
    (tmp_path / "file").write_text("mine")
    assert main([*export, str(tmp_path / "file")]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.part"))
    assert main([*export, str(tmp_path / "new")]) == 0
    capsys.readouterr()
    assert main(["export", str(tmp_path / "new"), "--data", str(folder), "--out", "x"]) == 2
    assert "only a bundle for attributes is written anew" in capsys.readouterr().err


def test_precision_is_not_of_keypoints(folder, tmp_path, capsys):
    open_run(tmp_path / "run", "layer", data={"train": 96})
    export = ["export", str(tmp_path / "run"), "--data", str(folder), "--out", str(tmp_path / "b")]
    assert main([*export, "--precision", "int8"]) == 2
    assert "--precision is an option of --task attributes" in capsys.readouterr().err
    assert main(export) == 2
    assert "not trained to its end" in capsys.readouterr().err


def test_faces_are_read_from_kaggles_file_too(tmp_path):
    file = tmp_path / "training.csv"
    with file.open("w", newline="") as opened:
        row = [50.5] * 29 + [""] + [" ".join(["7"] * 96 * 96)]
        csv.writer(opened).writerows([[*marks.COLUMNS, "Image"], row, row])
    for data in (file, tmp_path):
        faces = read_faces(data)
        assert offset_of(data) == marks.KAGGLE_OFFSET
        assert len(faces) == 2
        assert np.isnan(faces.points[:, -1, 1]).all()
        np.testing.assert_allclose(faces.points[0, 0], 50)  # from the first pixel's middle
    with pytest.raises(DataError, match="no faces with points"):
        read_faces(tmp_path, "test")


@pytest.mark.data
def test_a_few_epochs_on_real_faces_beat_the_mean_face(data_dir):
    faces = marks.read_parquet(data_dir / "keypoints" / "train-00000-of-00001.parquet")
    rest, valid = hold_out(faces.take(slice(800)))
    level = replace(LADDER["ours"], batch=32)
    done = train("ours", rest, valid, level=level, epochs=4, device="cpu")
    mean = np.broadcast_to(marks.mean_face(rest), valid.points.shape)
    answers = predict(done.network, valid.pictures)
    assert marks.rmse(answers, valid.points) < 0.9 * marks.rmse(mean, valid.points)
