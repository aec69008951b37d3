"""What lesson 11 shows: films by person and by chance, tables, plots."""

import cv2
import numpy as np
import pytest

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from matplotlib import pyplot as plt

from facelens.lessons import expressions
from facelens.lessons import expressions_ladder as climb
from facelens.tasks.expression.faces import Faces

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (140, 6, 6), dtype=np.uint8)
    pictures = np.stack([cv2.resize(each, (48, 48)) for each in coarse])
    labels = np.arange(140) % 7
    return Faces(pictures, labels, np.zeros(140, bool), np.full(140, -1))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_by_person_nobody_is_on_both_sides_and_by_chance_everybody_is(faces):
    film = expressions.films(faces, people=8, frames=6)
    assert len(film) == 7 * 8 * 6
    train, held = expressions.split(film, by_person=True)
    assert not set(train.people) & set(held.people)
    train, held = expressions.split(film, by_person=False)
    assert set(train.people) == set(held.people) == set(range(8))


def test_frames_dealt_by_chance_flatter_a_network(faces, tmp_path):
    film = expressions.films(faces, people=8, frames=8)
    found = climb.by_chance_and_by_person(film, tmp_path, epochs=5)
    assert found["frames by chance"] > found["by person"] + 0.3, "labels are chance"


def test_the_ladder_is_trained_once_and_its_rows_are_percents(faces, tmp_path):
    levels = ("commonest", "neutral")
    runs = climb.train_all(faces, faces, tmp_path, levels, epochs=1, batch=32)
    before = [run.about for run in runs.values()]
    again = climb.train_all(faces, faces, tmp_path, levels, epochs=1, batch=32)
    assert [run.about for run in again.values()] == before
    assert len(again["neutral"].history) == 1
    rows = climb.rows(runs, faces, faces)
    table = expressions.table(rows)
    assert table[0]["accuracy"] == f"{100 / 7:.1f}"
    assert rows[1]["never_neutral"] == f"{6 / 7:.4f}"
    assert table[1]["macro F1"] == ""
    assert climb.finished(tmp_path, "ours", 0) is None
    assert expressions.ladder([dict(row) for row in rows])


def test_every_plot_is_drawn(faces):
    said = np.random.default_rng(1).dirichlet(np.ones(7), len(faces))
    expressions.some(faces, each=2)
    expressions.counts(faces)
    expressions.augmented(faces)
    expressions.softmax_steps(np.arange(7.0))
    expressions.confusion(said.argmax(1), faces.labels)
    expressions.reliability(said, faces.labels)
    expressions.extremes(said, faces)
    assert len(plt.get_fignums()) == 7
    assert expressions.read("nowhere.csv") == []
