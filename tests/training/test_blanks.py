"""Labels that are blank: nothing is learnt from them, and nothing is measured by them."""

import json
import logging
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from helpers.toy import NAMES, RECIPE, SMALL, write_split
from torch import nn

from facelens import metrics
from facelens.commands.main import main
from facelens.tasks.attributes import calibrate
from facelens.tasks.attributes.training import distill, guarantee
from facelens.training import fit
from facelens.training.callbacks import KnownLoss, Preprocess
from facelens.training.data import KNOWN, Batches, Store, open_store, pick
from facelens.training.folders import open_joined
from facelens.training.measure import figures
from facelens.training.recipe import Stage
from facelens.training.run import open_run
from facelens.training.start import begin

pytestmark = pytest.mark.train
torch.set_num_threads(1)


def blank(folder, split, every=3):
    """Blank the first answer of each third face and the second of those after them."""
    (file,) = folder.glob(f"{split}-*.parquet")
    table = pq.read_table(file)
    rows = table.to_pylist()
    for i, row in enumerate(rows):
        if i % every < 2:
            row[NAMES[i % every]] = None
    pq.write_table(pa.Table.from_pylist(rows, table.schema), file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for split, count, seed in (("train", 48, 0), ("valid", 36, 1), ("test", 36, 2)):
        write_split(folder, split, count, seed)
        blank(folder, split)
    return folder


@pytest.fixture(scope="module")
def stores(folder):
    return [open_store(folder, split, cache=folder / "cache") for split in ("train", "valid")]


@pytest.fixture(scope="module")
def told():
    """Labels, of which some are blank, and a network's answers: as arrays and face by face."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (300, 3))
    labels = rng.random((300, 3)) < 1 / (1 + np.exp(-logits))
    known = rng.random((300, 3)) < 0.7
    return SimpleNamespace(
        logits=logits, known=known, labels=labels & known, people=np.arange(300) // 2
    )


def test_a_blank_is_no_and_not_known_whatever_is_taken_of_a_store(folder, stores, tmp_path):
    train, valid = stores
    wanted = np.arange(48)[:, None] % 3 != [0, 1]
    np.testing.assert_array_equal(train.known, wanted)
    assert not train.labels[~wanted].any()
    np.testing.assert_array_equal(train.take(slice(5, 9)).known, wanted[5:9])
    np.testing.assert_array_equal(train.only(["Striped"]).known, wanted[:, 1:])
    picked = pick([train, replace(valid, known=None)], np.array([0, 47, 48]))
    np.testing.assert_array_equal(picked.known, [[False, True], [True, True], [True, True]])
    assert pick([replace(train, known=None)] * 2, np.array([0])).known is None
    other = tmp_path / "b"
    other.mkdir()
    write_split(other, "train", 12, 5)
    joined = open_joined([folder, other], "train", cache=tmp_path)
    np.testing.assert_array_equal(joined.known, np.concatenate([wanted, np.ones((12, 2), bool)]))
    assert joined.rates == pytest.approx(
        [joined.labels[joined.known[:, a], a].mean() for a in (0, 1)]
    )


def test_pictures_decoded_by_an_earlier_version_open_as_they_did(tmp_path):
    write_split(tmp_path, "train", 4, 0)
    store = open_store(tmp_path, "train", cache=tmp_path / "cache")
    assert store.known is None
    (decoded,) = (tmp_path / "cache").iterdir()
    assert not (decoded / KNOWN).exists(), "what is whole is kept as before"


def test_what_is_learnt_is_nan_where_nobody_knows(stores):
    train, _ = stores
    soft = replace(train, targets=np.full(train.labels.shape, 0.25, np.float32))
    for store in (train, soft):
        found = np.concatenate([y.numpy() for _, y in Batches(store, 16, shuffle=False)])
        np.testing.assert_array_equal(np.isnan(found), ~train.known)
    assert found[train.known].tolist() == [0.25] * int(train.known.sum())


def test_the_loss_is_that_of_the_known_labels_and_pulls_at_no_other():
    logits = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    targets = torch.rand(8, 3, generator=torch.Generator().manual_seed(1))
    targets[2, 1] = targets[5] = float("nan")
    known = ~targets.isnan()
    loss = KnownLoss()(logits, targets)
    wanted = nn.functional.binary_cross_entropy_with_logits(logits[known], targets[known])
    torch.testing.assert_close(loss, wanted)
    loss.backward()
    assert (logits.grad[~known] == 0).all()
    assert (logits.grad[known] != 0).all()
    nothing = KnownLoss()(logits, torch.full((8, 3), float("nan")))
    assert nothing.item() == 0


def test_without_blanks_the_loss_is_torchs_own(stores, caplog):
    caplog.set_level(logging.INFO)
    whole = replace(stores[0], known=None)
    assert type(fit.loss_of(whole, whole)) is nn.BCEWithLogitsLoss
    assert type(fit.loss_of(whole, stores[0].take(slice(2, 3)))) is nn.BCEWithLogitsLoss
    assert not caplog.text
    assert type(fit.loss_of(whole, stores[1])) is KnownLoss
    assert "24 labels are blank: nothing is learnt from them" in caplog.text


def test_what_is_mixed_with_a_blank_is_blank():
    mix = Preprocess(replace(RECIPE, mixup=0.4), 0)
    targets = torch.rand(16, 3)
    targets[3, 1] = float("nan")
    mix.learn = SimpleNamespace(y=targets, yb=(targets,))
    mix.draw = torch.Generator().manual_seed(0)
    pictures = torch.arange(16.0).view(16, 1, 1, 1).expand(16, 3, 2, 2)
    mix.y = targets
    mixed = mix._mix(pictures)
    (found,) = mix.learn.yb
    # Each picture's own number and its partner's, by how far it was moved.
    blanks = found.isnan().nonzero().tolist()
    assert [3, 1] in blanks
    assert 1 <= len(blanks) <= 2, "its own picture, and the one that has it as partner"
    assert {column for _, column in blanks} == {1}
    for row, _ in blanks:
        assert row == 3 or mixed[row, 0, 0, 0] != row
    assert found[:, [0, 2]].isfinite().all()


def test_a_teacher_does_not_fill_a_blank(stores, monkeypatch, tmp_path):
    train, _ = stores
    monkeypatch.setattr(distill, "_answers", lambda store, _name: np.full(store.labels.shape, 0.5))
    soft = distill.soften(train, ["any"], 0.5, kept=tmp_path / "teacher.npy")
    ((_, targets),) = Batches(soft, 48, shuffle=False)
    np.testing.assert_array_equal(targets.isnan().numpy(), ~train.known)
    asked = distill.AskTeachers([lambda x: torch.full((len(x), 2), 0.5)], 0.5)
    asked.x, asked.y = torch.zeros(48, 1), targets
    asked.learn = SimpleNamespace()
    asked.before_batch()
    (found,) = asked.learn.yb
    np.testing.assert_array_equal(found.isnan().numpy(), ~train.known)


def test_a_network_begins_at_the_base_rates_of_what_is_known():
    labels = np.zeros((10, 2), bool)
    labels[:4, 0] = True
    known = np.zeros((10, 2), bool)
    known[:5, 0] = True
    store = Store(
        np.zeros((10, 1), np.uint8), labels, np.arange(10), ("",) * 10, NAMES, None, known
    )
    assert store.rates[0] == 0.8
    network = begin(RECIPE, store, from_scratch=True)
    rates = torch.sigmoid(network.head.bias).tolist()
    assert rates == pytest.approx([0.8, 0.5]), "0.5 where nobody knows"


def test_what_stands_under_a_blank_changes_nothing(stores, tmp_path):
    """Two trainings that differ in hidden labels only end alike, and learn."""
    train, valid = stores
    recipe = replace(
        RECIPE, stages=(Stage(3, frozen=False, rate=2e-3, sizes=SMALL, spread=1.0),), mixup=0.2
    )
    histories = []
    for name, hidden in (("no", False), ("yes", True)):
        run = open_run(tmp_path / name, recipe)
        filled = [replace(s, labels=np.where(s.known, s.labels, hidden)) for s in (train, valid)]
        fit.train(run, *filled, from_scratch=True, device="cpu", progress=False)
        histories.append(
            [{k: float(row[k]) for k in ("train_loss", "valid_loss", "accuracy", "macro_ap")}
             for row in run.history]
        )  # fmt: skip
    assert histories[0] == histories[1]
    first, *_, last = histories[0]
    assert np.isfinite(list(last.values())).all()
    assert last["train_loss"] < first["train_loss"]


def test_figures_are_those_of_each_attributes_known_faces(told):
    p = 1 / (1 + np.exp(-told.logits))
    store = Store(
        np.zeros((300, 1), np.uint8), told.labels, told.people, ("",) * 300, ("a", "b", "c"), None,
        told.known,
    )  # fmt: skip
    alone = [(p[k, a : a + 1], told.labels[k, a : a + 1]) for a, k in enumerate(told.known.T)]
    found = fit.of_attributes(told.logits, store)
    for name, metric in (("accuracy", metrics.accuracy), ("macro_ap", metrics.average_precision)):
        wanted = np.mean([metric(*each) for each in alone])
        assert found[name] == pytest.approx(wanted, abs=1e-5)
    losses = np.concatenate([-np.log(np.where(y, q, 1 - q)).ravel() for q, y in alone])
    assert found["valid_loss"] == pytest.approx(losses.mean(), abs=1e-5)
    trial = figures("valid", p, store)
    assert trial["valid_accuracy"] == pytest.approx(found["accuracy"], abs=1e-4)
    assert trial["valid_low"] < trial["valid_accuracy"] < trial["valid_high"]


def test_curves_and_thresholds_are_those_of_each_attributes_known_faces(told):
    names = ("a", "b", "c")
    temperature = calibrate.fit_temperature(told.logits, told.labels, told.known)
    crossed = calibrate.cross_fit(told.logits, told.labels, told.people, told.known)
    curves = calibrate.measure(names, crossed, told.labels, told.known)
    points = calibrate.operating_points(curves, told.known.sum(0))
    sure = guarantee.thresholds(
        told.logits, told.labels, told.people, temperature, known=told.known, precision=0.7
    )
    for a, rows in enumerate(told.known.T):
        logits, labels = told.logits[rows, a : a + 1], told.labels[rows, a : a + 1]
        assert calibrate.fit_temperature(logits, labels)[0] == temperature[a]
        alone = calibrate.measure(names[a : a + 1], crossed[rows, a : a + 1], labels)
        for column in ("precision", "recall_low", "fpr", "doubt_high", "prevalence", "ap", "ece"):
            np.testing.assert_allclose(
                getattr(curves, column)[a], getattr(alone, column)[0], err_msg=column
            )
        own = calibrate.operating_points(alone, int(rows.sum()))
        for point, cuts in own.items():
            np.testing.assert_array_equal(points[point][a], cuts[0], err_msg=point)
    assert np.isfinite(sure).any()
    # What is hidden under a blank is in no threshold.
    other = told.labels | ~told.known
    again = guarantee.thresholds(
        told.logits, other, told.people, temperature, known=told.known, precision=0.7
    )
    np.testing.assert_array_equal(sure, again)


def test_an_attribute_that_nobody_knows_has_no_thresholds_and_breaks_nothing(told):
    known = told.known.copy()
    known[:, 1] = False
    temperature = calibrate.fit_temperature(told.logits, told.labels, known)
    assert temperature[1] == 1
    crossed = calibrate.cross_fit(told.logits, told.labels, told.people, known)
    assert np.isfinite(crossed).all()
    curves = calibrate.measure(("a", "b", "c"), crossed, told.labels & known, known)
    assert np.isnan(curves.prevalence[1])
    assert np.isnan(calibrate.operating_points(curves, known.sum(0))["precision90"][1])
    sure = guarantee.thresholds(told.logits, told.labels, told.people, temperature, known=known)
    assert np.isnan(sure[1])


def test_from_blanks_to_a_bundle_and_its_evaluation(folder, tmp_path, capsys, caplog):
    run, out, cache = tmp_path / "run", tmp_path / "bundle", tmp_path / "cache"
    shutil.copytree(folder / "cache", cache)
    assert main([
        "train", str(folder), "--out", str(run), "--cache", str(cache), "--arch", "resnet18",
        "--from-scratch", "--size", "64x64", "--batch-size", "16", "--epochs", "0", "1",
        "--device", "cpu",
    ]) == 0  # fmt: skip
    export = ["export", str(run), "--data", str(folder), "--out", str(out), "--cache", str(cache)]
    assert main(export) == 0
    config = json.loads((out / "config.json").read_text())
    figure = config["metrics"]["valid"]["attributes"]["Bright"]
    rows = pq.read_table(next(folder.glob("valid-*.parquet"))).to_pylist()
    known = [row["Bright"] for row in rows if row["Bright"] is not None]
    assert figure["prevalence"] == pytest.approx(np.mean(known))
    curves = json.loads((out / "curves.json").read_text())
    assert curves["attributes"]["Bright"]["prevalence"] == pytest.approx(np.mean(known), abs=1e-4)
    capsys.readouterr()
    caplog.set_level(logging.INFO)
    assert main(["evaluate", str(next(folder.glob("test-*.parquet"))), "--model", str(out),
                 "--split-by", "Bright"]) == 0  # fmt: skip
    assert "on 36 faces" in capsys.readouterr().out
    assert "24 of 72 labels are blank, and in no figure." in caplog.text
