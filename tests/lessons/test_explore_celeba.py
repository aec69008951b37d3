"""What lesson 1 says about labels: counts, pairs, contradictions, and what imbalance does."""

import numpy as np
import pytest

from facelens.data.celeba import OUR_SLICE

pytest.importorskip("torch", reason="needs the extra `train`: pip install -e '.[train]'")
pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from facelens import metrics
from facelens.errors import DataError
from facelens.lessons import celeba, imbalance
from facelens.tasks.attributes.names import NAMES
from facelens.training.data import Store

pytestmark = pytest.mark.train


def store(labels, names, people=None):
    """Grey pictures with these labels."""
    labels = np.array(labels, bool)
    n = len(labels)
    images = np.full((n, 218, 178, 3), 128, np.uint8)
    people = np.arange(n) if people is None else np.array(people)
    return Store(images, labels, people, tuple(f"{i}.jpg" for i in range(n)), tuple(names))


def faces(**columns):
    """A store with all forty labels, no wherever nothing else is said."""
    n = len(next(iter(columns.values())))
    labels = np.zeros((n, len(NAMES)), bool)
    for name, column in columns.items():
        labels[:, NAMES.index(name)] = column
    return store(labels, NAMES)


def test_a_constant_answer_is_as_right_as_the_commoner_label():
    table = celeba.constant_answers(store([[1, 0], [1, 0], [1, 1], [0, 0]], ["Often", "Once"]))
    assert dict(zip(table["attribute"], table["always says"], strict=True)) == {
        "Often": "yes",
        "Once": "no",
    }
    assert table["accuracy"].tolist() == [0.75, 0.75]


def test_correlation_is_one_for_twins_minus_one_for_opposites_and_zero_for_constants():
    a = np.array([1, 0, 1, 1, 0], bool)
    matrix = celeba.phi(np.stack([a, a, ~a, np.ones(5, bool)], 1))
    np.testing.assert_allclose(matrix[0], [1, 1, -1, 0], atol=1e-9)


def test_the_strongest_pair_comes_first_with_what_it_means():
    labels = [[1, 1, 0]] * 6 + [[0, 0, 1]] * 3 + [[0, 1, 0]]
    first = celeba.strongest_pairs(store(labels, ["A", "B", "C"]), 2).iloc[0]
    assert (first["this"], first["that"]) == ("B", "C")
    assert first["correlation"] == -1
    first = celeba.strongest_pairs(store(np.array(labels)[:, :2], ["A", "B"]), 1).iloc[0]
    assert first["% that, of those with this"] == 100
    assert first["% that, of those without"] == 25


def test_contradictions_are_counted():
    table = celeba.contradictions(
        faces(
            No_Beard=[1, 1, 0, 0],
            Goatee=[1, 0, 1, 0],
            Black_Hair=[1, 0, 0, 1],
            Brown_Hair=[1, 0, 0, 0],
            Gray_Hair=[1, 0, 0, 1],
        )
    ).set_index("labels together")
    assert table.loc["No_Beard + Goatee", "faces"] == 1
    assert table.loc["No_Beard + Goatee", "% of the rarer label"] == 50
    assert table.loc["two colours of hair", "faces"] == 2
    assert table.loc["Bald + Bangs", "faces"] == 0


def test_without_a_contradiction_none_is_drawn():
    with pytest.raises(DataError, match="No face here has labels that contradict"):
        celeba.contradicting(faces(Smiling=[1, 0]))


def test_labels_that_last_agree_and_random_ones_do_not():
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(400), 3)
    lasting = rng.random(400)[people] < 0.3
    random = rng.random(1200) < 0.3
    table = celeba.agreement(store(np.stack([lasting, random], 1), ["A", "B"], people), ["A", "B"])
    assert table["pairs"].tolist() == [1200, 1200]
    assert table["agreement"][0] == 1
    assert abs(table["agreement"][1]) < 0.1


def test_without_two_photos_of_anyone_agreement_is_unknown():
    assert celeba.agreement(store([[1], [0]], ["A"]), ["A"])["agreement"].isna().all()


def test_a_label_of_another_standard_stands_out():
    rng = np.random.default_rng(0)

    def split(rate):
        return store(rng.random((600, 2)) < [0.4, rate], ["Same", "Other"], np.arange(600) // 2)

    table = celeba.rates(split(0.2), split(0.1), split(0.3)).set_index("attribute")
    assert table.index[0] == "Other"
    assert table.loc["Other", "distance"] > 5
    assert abs(table.loc["Same", "distance"]) < 3


@pytest.fixture(scope="module")
def unequal():
    """Two features that tell a label of 8 in 100 half well, and 300 validation faces."""
    rng = np.random.default_rng(0)

    def draw(n):
        labels = rng.random((n, 1)) < 0.08
        return (labels * 1.5 + rng.normal(size=(n, 2))).astype(np.float32), labels

    rows = imbalance.imbalance(draw(1200), draw(1200), ["Rare"])
    return {row["method"]: row for row in rows}


def test_every_cure_finds_more_and_is_right_less_often(unequal):
    assert set(unequal) == set(imbalance.METHODS)
    plain = unequal["nothing"]
    for cure in ("over", "under", "SMOTE", "moved cut"):
        assert unequal[cure]["recall"] > plain["recall"] + 0.2
        assert unequal[cure]["precision"] < plain["precision"]


def test_resampling_spoils_the_probabilities_and_moving_the_cut_does_not(unequal):
    for cure in ("over", "under", "SMOTE"):
        assert unequal[cure]["ece"] > 3 * unequal["nothing"]["ece"]
        assert unequal[cure]["mean_probability"] > 2 * unequal[cure]["rate"]
    assert unequal["moved cut"]["ece"] == unequal["nothing"]["ece"]
    assert unequal["moved cut"]["ap"] == unequal["nothing"]["ap"]


def test_accuracy_hides_what_the_constant_answer_misses(unequal):
    constant = unequal["constant"]
    assert constant["accuracy"] > 0.9
    assert constant["recall"] == 0
    assert constant["accuracy"] > unequal["under"]["accuracy"]


def test_only_what_is_learnt_from_is_resampled(unequal):
    rows = {method: row["train_rows"] for method, row in unequal.items()}
    assert rows["over"] == rows["SMOTE"] > 1200 == rows["nothing"] > rows["under"]
    assert len({row["rate"] for row in unequal.values()}) == 1


def test_the_plot_reads_what_a_csv_gives_back(unequal):
    rows = [{key: str(value) for key, value in row.items()} for row in unequal.values()]
    figure = imbalance.imbalance_plot(rows)
    assert len(figure.axes) == 5
    assert "Rare" in figure.axes[0].get_yticklabels()[0].get_text()


def test_a_label_that_nobody_has_is_said():
    x, y = np.zeros((5, 2)), np.zeros((5, 1), bool)
    with pytest.raises(DataError, match="too few are different in Nothing"):
        imbalance.imbalance((x, y), (x, y), ["Nothing"])


def test_features_are_computed_once(tmp_path, monkeypatch):
    some = store([[1], [0], [1]], ["A"])
    how = {"size": (64, 64), "cache": tmp_path, "from_scratch": True}
    found = imbalance.features(some, "resnet18", **how)
    assert found.shape == (3, 512)
    assert metrics.accuracy(np.isfinite(found), np.ones_like(found, bool)).all()
    monkeypatch.setattr(imbalance, "_pooled", None)
    np.testing.assert_array_equal(imbalance.features(some, "resnet18", **how), found)
    with pytest.raises(TypeError):  # other weights, other features
        imbalance.features(some, "resnet18", seed=1, **how)


def test_faces_that_are_there_are_not_fetched(data_dir, monkeypatch):
    monkeypatch.setattr(celeba, "celeba", None)
    assert "nothing needs to be fetched" in celeba.fetch(data_dir / "celeba")


def test_fetching_says_first_what_it_takes(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(celeba, "need", lambda _folder, **how: asked.append(how) or "12 GB")
    assert celeba.offer(tmp_path) == "12 GB"
    assert celeba.offer(tmp_path, shards=2) == "12 GB"
    assert asked == [{"names": OUR_SLICE, "shards": None}, {"names": None, "shards": 2}]
