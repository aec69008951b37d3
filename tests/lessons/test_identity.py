"""What lesson 13 computes and draws: three dense layers, embeddings, thresholds."""

import numpy as np
import pytest

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

import torch
from matplotlib import pyplot as plt

from facelens.lessons import identity
from facelens.lessons.identity import People

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def people() -> People:
    return People(np.zeros((20, 218, 178, 3), np.uint8), np.repeat(np.arange(4), 5))


def test_the_people_with_the_most_faces_are_taken():
    owner = np.array([7, 3, 3, 9, 3, 9, 5])
    crops = np.arange(7, dtype=np.uint8)[:, None, None, None]
    chosen = identity.most_seen(crops, owner, 2, 2)
    assert chosen.crops.ravel().tolist() == [1, 2, 3, 5]
    assert chosen.who.tolist() == [0, 0, 1, 1]


def test_a_part_of_each_person_is_held_out(people):
    learnt, held = identity.split(people, share=0.4)
    assert np.bincount(learnt.who).tolist() == [3] * 4
    assert np.bincount(held.who).tolist() == [2] * 4


def test_noise_is_learnt_by_heart_and_tells_nothing_of_other_photos(people):
    learnt, held = identity.split(people)
    torch.manual_seed(0)
    noise = [torch.randn(len(part), 2000) for part in (learnt, held)]
    rows = identity.dense((noise[0], learnt), (noise[1], held), epochs=8)
    assert [row["epoch"] for row in rows] == list(range(1, 9))
    assert rows[-1]["training"] == 1
    assert rows[-1]["validation"] < 0.8
    assert len(identity.history_figure({"a": rows, "b": rows}).axes) == 2


def test_the_nearest_mean_and_the_rate_of_false_accepts(people):
    table = np.eye(4, dtype=np.float32)[people.who]
    assert (identity.nearest(table, people.who, table) == people.who).all()
    scores, same = identity.pairs(table, people.who)
    assert same.sum() == 4 * 10
    assert (scores[same] == 1).all()
    rng = np.random.default_rng(0)
    scores, same = rng.random(2000), np.arange(2000) < 1000
    cut = identity.threshold(scores, same, 0.05)
    assert (scores[~same] > cut).mean() == pytest.approx(0.05, abs=0.002)
    assert [row["false accepts"] for row in identity.rates(scores, same)] == [
        "20%", "10%", "5%", "1%",
    ]  # fmt: skip
    assert identity.similarity_figure(scores, same, cut).axes


def test_without_a_recogniser_forty_attributes_stand_in(people):
    by, table = identity.embed(people.crops[:2])
    assert by == "forty attributes"
    assert table.shape == (2, 40)
