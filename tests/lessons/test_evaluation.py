"""The plots and tables of a trained network say what its answers say."""

import re

import numpy as np
import pytest

pytest.importorskip("fastai", reason="needs the extra `train`: pip install -e '.[train]'")

from matplotlib import pyplot as plt

from facelens.lessons import evaluation
from facelens.tasks import load_model
from facelens.tasks.attributes.evaluate import Answers, summarise
from facelens.tasks.attributes.names import NAMES
from facelens.tasks.classifier import Prediction

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def told():
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 0.9, (300, 40))
    labels = rng.random(p.shape) < p
    return Answers(NAMES, p, labels, np.arange(300) // 2, np.log(p / (1 - p)))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_attribute_of_celeba_has_a_published_figure():
    assert tuple(evaluation.published()) == NAMES
    assert np.mean(list(evaluation.published().values())) == pytest.approx(0.9171, abs=5e-4)


def test_the_table_puts_what_is_farthest_behind_first(told):
    frame = evaluation.table(summarise(told, "toy", draws=50))
    assert len(frame) == 40
    assert frame["behind"].is_monotonic_decreasing
    row = frame.loc["Smiling"]
    assert row["behind"] == pytest.approx(
        evaluation.published()["Smiling"] - row["accuracy"], abs=2e-3
    )


def test_softmax_shares_one_whole_and_sigmoids_do_not():
    logits = np.array([3.0, 2.0, -4.0, 9.0], np.float32)
    names = ("Bangs", "Smiling", "Bald", "Attractive")
    answer = Prediction(logits=logits, probabilities=1 / (1 + np.exp(-logits)), names=names)
    figure = evaluation.sigmoid_or_softmax(answer)
    assert "attractive" not in " ".join(t.get_text() for t in figure.axes[0].get_yticklabels())
    apart, shared = ([bar.get_width() for bar in axis.patches] for axis in figure.axes)
    assert sum(shared) == pytest.approx(1)
    assert sum(apart) > 1.5


def test_a_reliability_point_lies_where_its_faces_are(told):
    figure = evaluation.reliability(told, ["Bald"])
    diagonal, points = figure.axes[0].lines
    says, is_so = points.get_data()
    assert len(diagonal.get_xdata()) == 11
    np.testing.assert_allclose(says, is_so, atol=0.25)


def test_a_small_group_says_so_and_has_no_bar(told):
    few = Answers(told.names, told.probabilities, told.labels.copy(), told.people, told.logits)
    few.labels[:, NAMES.index("Male")] = np.arange(300) < 10
    result = summarise(few, "toy", split_by=("Male",), draws=50)
    figure = evaluation.groups(result)
    assert len(figure.axes[0].patches) == 1
    assert any("too few" in text.get_text() for text in figure.axes[0].texts)
    frame = evaluation.found_by_group(result, ["Smiling", "Young"])
    assert (frame["Male"] == "too few").all()
    told_of = frame.loc["Smiling", "not Male"]
    share, low, high = map(float, re.findall(r"\d\.\d\d", told_of))
    assert 0 < low <= share <= high < 1


def test_every_named_threshold_is_on_the_curve():
    model = load_model()
    figure = evaluation.threshold_curves(model, "Smiling")
    named = {text.get_text() for text in figure.axes[0].texts}
    assert named == set(model.config.operating_points)
