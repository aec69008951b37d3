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


CARD = """---
license: other
---

# A network

Words about it, which are
on two lines.

| stage | epoch |
|---|---|
| frozen | 1 |
| unfrozen | 1 |

## How good
"""


@pytest.mark.parametrize("most", range(130))
def test_an_excerpt_ends_with_a_whole_line_and_a_table_has_a_row(most):
    text = CARD.split("---", 2)[2].strip()
    found = evaluation.excerpt(CARD, most)
    if found == text:
        return
    kept, mark = found.rsplit("\n\n", 1)
    assert mark == "…"
    assert text.startswith(f"{kept}\n"), "no line is cut in two"
    table = [line for line in kept.splitlines() if line.startswith("|")]
    assert len(table) in (0, 3, 4), "head and rule, and a row at least"


def test_an_excerpt_is_about_as_long_as_is_asked():
    assert evaluation.excerpt(CARD, 10_000).endswith("## How good")
    assert evaluation.excerpt(CARD, 40).startswith("# A network\n\nWords about it, which are\n")
    assert "| frozen | 1 |\n\n…" in evaluation.excerpt(CARD, 70)


@pytest.mark.parametrize("quick", [True, False])
def test_a_lessons_run_knows_what_its_card_has_to_say(tmp_path, quick):
    from facelens.lessons.lesson import Lesson
    from facelens.tasks.attributes.training.card import write_card
    from facelens.tasks.config import ClassifierConfig
    from facelens.training.data import Store
    from facelens.training.recipe import Recipe

    def faces(count):
        return Store(
            np.zeros((count, 1), np.uint8), np.zeros((count, 1), bool), np.arange(count),
            ("",) * count, ("Smiling",),
        )  # fmt: skip

    here = Lesson(tmp_path, tmp_path, tmp_path / "runs", "cpu", quick)
    here.__dict__.update(train=faces(30), valid=faces(20))
    run = here.run("ours", Recipe())
    assert here.run("ours", Recipe()).about == run.about, "it resumes"
    few = here.run("few", Recipe(), faces(5))
    assert few.about["data"]["train"] == 5
    ones = np.ones(1, np.float32)
    data = {key: value for key, value in run.about["data"].items() if key != "names"}
    recipe = run.recipe.asdict() | {key: run.about[key] for key in ("start", "teachers")}

    def card(**about):
        config = ClassifierConfig(
            task="attributes", name="ours", version="1", architecture="mobilenet_v2",
            names=("Smiling",), input_size=(64, 56), licence="none", temperature=ones, bias=ones,
            layers=(), map_layer="", flip_average=True, metrics={"graph_difference": 1e-6}, **about,
        )  # fmt: skip
        write_card(tmp_path / "README.md", config, {})
        return (tmp_path / "README.md").read_text(encoding="utf-8")

    told = card(data={"name": "CelebA", **data}, recipe=recipe)
    weights = "random" if quick else "ImageNet"
    assert f"30 training and 20 validation faces, people apart. Start: {weights}." in told
    assert "?" not in told
    # One that was opened without these says so instead.
    bare = card(data={"name": "CelebA"}, recipe=Recipe().asdict())
    assert "not recorded. Its first weights are not recorded." in bare
    assert "?" not in bare
    assert "Start: ." not in bare


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
