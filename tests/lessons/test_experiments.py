"""Tables of training runs: what is done is not done again, and faces are dealt fairly."""

import csv
import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

import matplotlib as mpl

from facelens.commands.main import main
from facelens.errors import DataError, DownloadError, OutputError
from facelens.lessons import experiments
from facelens.lessons.experiments import EXPERIMENTS, FASTAI, names, seeds, variants
from facelens.training import experiment, fit, measure, network, splits, timed
from facelens.training.augment import plain
from facelens.training.data import Store
from facelens.training.run import Run, open_run
from facelens.training.trial import SPLITS, Experiment, Faces, Settings, Trial

pytestmark = pytest.mark.train
torch.set_num_threads(1)

ROOT = Path(__file__).parents[2]
NAMES = ("Bright", "Striped", "Male")
SMALL = Settings(size=(64, 64), batch_size=16, arch="resnet18", weights="random", device="cpu")


def store(count, seed, first=0):
    """Grey pictures, some bright, some striped; three of each person, the fourth alone."""
    rng = np.random.default_rng(seed)
    labels = rng.random((count, 3)) < 0.5
    images = np.full((count, 218, 178, 3), 80, np.uint8)
    images[labels[:, 0]] += 90
    images[np.ix_(labels[:, 1], np.arange(218) // 12 % 2 == 1)] += 50
    people = first + np.arange(count) // 4 * 2 + (np.arange(count) % 4 == 3)
    return Store(images, labels, people, tuple(f"{seed}-{i}.png" for i in range(count)), NAMES)


@pytest.fixture(scope="module")
def faces():
    return Faces(store(96, 0), store(48, 1, first=1000), store(32, 2, first=2000))


@pytest.fixture
def toy(monkeypatch):
    """A table of two configurations of what a tiny run learns."""
    table = Experiment(
        "toy",
        "A toy.",
        (
            Trial("plain", attributes=("Bright",), augmentation="none"),
            Trial("turned", attributes=("Bright",), augmentation=FASTAI,
                  against="plain"),
        ),
        seeds,
    )  # fmt: skip
    monkeypatch.setitem(EXPERIMENTS, "toy", table)
    return table


@pytest.mark.usefixtures("toy")
def test_a_table_is_trained_measured_written_and_drawn_once(faces, tmp_path, monkeypatch):
    table = tmp_path / "figures" / "toy.csv"
    rows = experiments.run("toy", faces, out=tmp_path, table=table, settings=SMALL)
    assert [row["name"] for row in rows] == ["plain", "turned"]
    assert experiment.read(table) == rows
    assert table.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    first, second = rows
    assert (first["train_images"], first["valid_images"], first["test_images"]) == (
        "96",
        "48",
        "32",
    )
    assert (first["size"], first["start"], first["epochs"]) == ("64x64", "random", "1")
    assert 11e6 < float(first["parameters"]) < 12e6
    assert float(first["valid_low"]) <= float(first["valid_accuracy"])
    assert float(second["difference"]) == pytest.approx(
        float(second["valid_accuracy"]) - float(first["valid_accuracy"]), abs=1e-4
    )
    assert first["difference"] == ""

    folder = next((tmp_path / "toy").glob("plain-0-*"))
    kept = {path.name for path in folder.iterdir()}
    assert kept >= {"config.json", "history.csv", "best.safetensors", "result.json"}
    monkeypatch.setattr(fit, "train", None)
    assert experiments.run("toy", faces, out=tmp_path, table=table, settings=SMALL) == rows
    with pytest.raises(TypeError, match="not callable"):
        experiments.run("toy", faces, out=tmp_path, settings=replace(SMALL, batch_size=8))


@pytest.mark.usefixtures("toy")
def test_what_was_done_before_a_kill_is_kept(faces, tmp_path, monkeypatch):
    train = fit.train

    def killed(run, *rest, **options):
        if "turned" in run.folder.name:
            raise KeyboardInterrupt
        return train(run, *rest, **options)

    monkeypatch.setattr(fit, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        experiments.run("toy", faces, out=tmp_path, settings=SMALL)
    assert [row["name"] for row in experiment.read(tmp_path / "toy.csv")] == ["plain"]

    def last(run, *rest, **options):
        assert "turned" in run.folder.name, "trained twice"
        return train(run, *rest, **options)

    monkeypatch.setattr(fit, "train", last)
    assert len(experiments.run("toy", faces, out=tmp_path, settings=SMALL)) == 2


def test_a_resumed_run_draws_the_same_augmentation(toy, faces):
    def pictures(seed):
        torch.manual_seed(seed)
        callback = timed.Timed(experiment.recipe_of(toy.trials[1], SMALL, 0), 0, [], FASTAI)
        callback.learn = type("L", (), {"dls": type("D", (), {"train": callback})})()
        callback.epoch = 3
        callback.before_epoch()
        return callback.change(torch.from_numpy(faces.train.images[:4]), (64, 64))

    torch.testing.assert_close(pictures(1), pictures(2))


def test_people_are_chosen_by_the_label_male(faces):
    men = splits.choose(Trial("m", people="men", attributes=("Bright",)), faces, 20)
    male = faces.train.labels[:, 2]
    assert men.train.names == ("Bright",)
    assert len(men.train) == 20
    rows = np.flatnonzero(male)[:20]
    np.testing.assert_array_equal(men.train.labels[:, 0], faces.train.labels[rows, 0])
    np.testing.assert_array_equal(men.train.images[3:5], faces.train.images[rows[3:5]])
    women = splits.choose(Trial("w", people="women"), faces, None)
    assert len(women.train) == (~male).sum()
    assert not women.test.labels[:, 2].any()


def test_the_splits_differ_in_whether_people_are_shared_and_in_nothing_else(faces):
    apart, shared, random = (
        splits.choose(Trial(split, split=split), faces, 60) for split in SPLITS
    )
    assert len(apart.train) == len(shared.train) == len(random.train) == 60
    assert apart.valid.paths == shared.valid.paths
    assert not set(apart.train.people) & set(apart.valid.people)
    assert set(shared.valid.people) <= set(shared.train.people)
    assert set(random.valid.people) & set(random.train.people)
    assert len(random.valid) == 15
    for dealt in (apart, shared, random):
        assert not set(dealt.train.paths) & set(dealt.valid.paths)
        assert not set(dealt.train.people) & set(dealt.test.people), "the test set stays apart"
    assert shared.train.images[:].shape == (60, 218, 178, 3)
    for one, row in zip(shared.train.paths, shared.train.images[:], strict=True):
        source, number = one.removesuffix(".png").split("-")
        np.testing.assert_array_equal(
            row, (faces.train, faces.valid)[int(source)].images[int(number)]
        )


def write_answers(folder, right, people):
    folder.mkdir()
    labels = np.ones((len(right), 1), bool)
    np.savez(
        folder / "answers.npz",
        valid=right[:, None].astype(np.float32),
        labels=labels,
        people=people,
    )
    return folder


def test_a_difference_is_asked_of_the_same_faces(tmp_path):
    people = np.arange(200) // 2
    before = write_answers(tmp_path / "a", np.arange(200) % 10 < 7, people)
    after = write_answers(tmp_path / "b", np.arange(200) % 10 < 8, people)
    found = measure.difference(before, after)
    assert found["difference"] == pytest.approx(0.1)
    assert 0.03 < found["difference_low"] < 0.1 < found["difference_high"] < 0.17
    assert measure.difference(before, before)["difference_high"] == 0
    other = write_answers(tmp_path / "c", np.arange(200) % 10 < 8, people + 1)
    with pytest.raises(DataError, match="different faces"):
        measure.difference(before, other)


def test_fastais_augmentation_does_what_it_is_asked(faces):
    crops = torch.from_numpy(faces.train.images[:8])
    off = {"do_flip": False, "max_rotate": 0, "max_zoom": 1, "max_lighting": 0, "max_warp": 0}
    still = timed.fastai_augment(off)(crops, (64, 56))
    torch.testing.assert_close(still, plain(crops, (64, 56)), atol=1e-5, rtol=0)
    turned = timed.fastai_augment(off | {"max_rotate": 20})(crops, (64, 56))
    assert turned.shape == (8, 3, 64, 56)
    assert not torch.allclose(turned, still, atol=0.1)


def test_variants_are_shown_row_by_row(faces):
    axes = np.array(variants(faces.train.images[0], count=3).axes).reshape(-1, 3)
    trials = EXPERIMENTS["augmentation"].trials
    assert [row[0].get_title(loc="left") for row in axes] == [trial.name for trial in trials]
    shown = [[axis.images[0].get_array() for axis in row] for row in axes]
    np.testing.assert_array_equal(shown[-1][0], shown[-1][1])  # none at all
    assert not np.array_equal(shown[0][0], shown[0][1])


def test_a_single_change_is_a_single_change():
    default, *others = EXPERIMENTS["augmentation"].trials
    for trial in others:
        if isinstance(trial.augmentation, dict):
            changed = {k for k, v in trial.augmentation.items() if v != FASTAI[k]}
            assert len(changed) == 1
        assert trial.against == default.name


@pytest.mark.parametrize(("arch", "size"), [("vgg16", (64, 56)), ("inception_v3", (96, 80))])
def test_networks_that_end_in_pooling_or_have_two_answers_take_our_head(arch, size):
    net = network.build(arch, 3, from_scratch=True, fine_maps=False)
    pictures = torch.randn(2, 3, *size)
    assert net(pictures).shape == (2, 3)
    assert all(group for group in network.parameter_groups(net))
    maps = net.eval().body(pictures)
    expected = torch.einsum("ac,nchw->nahw", net.head.weight, maps).mean((2, 3)) + net.head.bias
    torch.testing.assert_close(net(pictures), expected, atol=1e-4, rtol=1e-3)
    assert not [name for name, _ in net.named_modules() if "AuxLogits" in name]


def test_inception_gets_pictures_that_it_does_not_shrink_to_nothing():
    def size(arch, asked):
        return experiment.recipe_of(Trial("x", arch=arch), Settings(size=asked), 0).size

    assert size("inception_v3", (64, 56)) == (96, 80)
    assert size("inception_v3", (224, 192)) == (224, 192)
    assert size("vgg16", (64, 56)) == (64, 56)


def test_fastais_head_answers_but_says_that_its_maps_are_not_exact():
    net = network.build("resnet18", 3, from_scratch=True, head="fastai")
    assert net(torch.randn(2, 3, 64, 64)).shape == (2, 3)
    assert not net.maps_are_exact
    assert network.build("resnet18", 3, from_scratch=True).maps_are_exact
    kinds = [type(layer).__name__ for layer in net.head]
    assert kinds.count("Linear") == 2
    assert kinds[0] == "AdaptiveConcatPool2d"
    with pytest.raises(DataError, match="no head 'round'"):
        network.build("resnet18", 3, from_scratch=True, head="round")


def test_networks_start_from_imagenet_where_its_weights_are(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    assert experiment.start_of("resnet50", "cached") == "random"
    assert experiment.start_of("resnet50", "imagenet") == "ImageNet"
    file = network.imagenet_file("resnet50")
    assert file.is_relative_to(tmp_path)
    file.parent.mkdir(parents=True)
    file.touch()
    assert experiment.start_of("resnet50", "cached") == "ImageNet"
    with pytest.raises(DataError, match="'moon'"):
        experiment.start_of("resnet50", "moon")


def test_weights_that_cannot_be_fetched_are_a_sentence(monkeypatch):
    def offline(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(network.torchvision.models, "get_model", offline)
    with pytest.raises(DownloadError, match=r"no network.*resnet18-\w+\.pth"):
        network.build("resnet18", 2)


def test_a_step_lasts_from_batch_to_batch(faces, tmp_path):
    steps = []
    recipe = experiment.recipe_of(Trial("x"), SMALL, 0)
    fit.train(
        open_run(tmp_path / "r", recipe), faces.train, faces.valid, from_scratch=True,
        device="cpu", progress=False,
        pictures=lambda recipe, stage: timed.Timed(recipe, stage, steps),
    )  # fmt: skip
    assert len(steps) == 96 // 16
    assert all(seconds > 0 for seconds in steps)


def test_the_command_lists_its_tables_and_refuses_others(tmp_path, capsys):
    assert main(["experiment"]) == 0
    listed = capsys.readouterr().out
    for name, what in names().items():
        assert f"{name} " in listed
        assert what in listed
    runs = str(tmp_path / "runs")
    for argv, words in (
        (["nonsense"], "no experiment 'nonsense'; there are architectures, men"),
        (["men"], "DATA is missing"),
        (["men", str(tmp_path), "--out", runs], "facelens download celeba"),
        (["men", str(tmp_path), "--out", runs, "--device", "moon"], "no device 'moon'"),
    ):
        assert main(["experiment", *argv]) == 2
        said = capsys.readouterr().err
        assert said.startswith("facelens: ")
        assert words in said
        assert said.count("\n") == 1


@pytest.mark.usefixtures("toy")
def test_a_table_that_cannot_be_written_or_read_is_a_sentence(faces, tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "_do", lambda *_: tmp_path)
    (tmp_path / "result.json").write_text(json.dumps({"name": "x"}))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        experiments.run("toy", faces, out=tmp_path, table=tmp_path / "file" / "toy.csv")
    with pytest.raises(DataError, match="cannot be read"):
        experiment.read(tmp_path / "none.csv")


def test_every_figure_is_drawn_from_the_committed_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["figures.py", "--out", str(tmp_path)])
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # as Python does for a script
    with mpl.rc_context():
        runpy.run_path(str(ROOT / "benchmarks" / "figures.py"), run_name="__main__")
    drawn = {path.name for path in tmp_path.glob("*.png")}
    tables = {path.stem for path in (ROOT / "benchmarks" / "results").glob("experiment_*.csv")}
    assert {f"{table}.png" for table in tables} <= drawn


def test_committed_tables_say_how_large_they_are():
    for table in (ROOT / "benchmarks" / "results").glob("experiment_*.csv"):
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        for row in rows:
            for column in ("size", "train_images", "epochs", "start", "date", "machine"):
                assert row[column], (table.name, row["name"], column)


def test_leakage_is_measured_after_the_last_epoch(faces, tmp_path, monkeypatch):
    """The best epoch is chosen on the faces held out, which are what is measured."""
    trial = Trial("apart", attributes=("Bright",), split="apart")
    table = Experiment("toy", "A toy.", (trial,), experiments.splits, epochs=2)
    monkeypatch.setitem(EXPERIMENTS, "toy", table)
    kept = []
    load = Run.load_best

    def worst(run, model):
        kept.append(load(run, model))
        with torch.no_grad():
            model.head.bias.fill_(1e3)
        return model

    monkeypatch.setattr(Run, "load_best", worst)
    (row,) = experiments.run("toy", faces, out=tmp_path, settings=SMALL)
    assert kept
    folder = next((tmp_path / "toy").glob("apart-0-*"))
    assert np.load(folder / "answers.npz")["valid"].min() < 1
    assert row["epochs"] == "2"
