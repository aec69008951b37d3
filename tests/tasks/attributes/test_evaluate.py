import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.labelled import labelled

from facelens.errors import DataError
from facelens.tasks import load_model
from facelens.tasks.attributes.answers import Answers, answer
from facelens.tasks.attributes.evaluate import (
    as_text,
    compare,
    comparison_as_text,
    evaluate,
    summarise,
)


def answers(n=400, *, seed=0) -> Answers:
    """Answers that are right as often as they say, for three attributes."""
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(0.5, 0.9, (n, 3))
    labels = rng.random((n, 3)) < probabilities
    logits = np.log(probabilities / (1 - probabilities))
    return Answers(("Male", "Young", "Hat"), probabilities, labels, np.arange(n) // 2, logits)


def test_figures_come_with_intervals_that_hold_them():
    result = summarise(answers(), "toy")
    for name in ("accuracy", "average_precision", "f1", "balanced_accuracy"):
        figure = result.overall[name]
        assert figure["low"] < figure["value"] < figure["high"]
    assert result.people == 200
    assert result.overall["ece"]["value"] < 1.5 * result.overall["ece_floor"]["value"]


def test_fewer_people_make_wider_intervals():
    def width(n):
        figure = summarise(answers(n), "toy").overall["accuracy"]
        return figure["high"] - figure["low"]

    assert width(100) > 1.5 * width(1600)


def test_groups_are_separate_and_small_ones_are_too_few():
    few = answers(60)
    few.labels[:, 0] = np.arange(60) < 10
    result = summarise(few, "toy", split_by=("Male",))
    assert result.groups["Male"] == {"faces": 10, "error": "too few"}
    assert result.groups["not Male"]["low"] <= result.groups["not Male"]["error"]


def test_a_worse_group_shows_a_larger_error():
    given = answers(400)
    male = given.labels[:, 0]
    given.probabilities[male, 2] = 1 - given.probabilities[male, 2]
    groups = summarise(given, "toy", split_by=("Male",)).groups
    assert groups["Male"]["error"] > groups["not Male"]["high"]


def test_attributes_that_are_labelled_otherwise_in_test_are_shown_apart():
    given = answers(600)
    given.probabilities[:, 2] = np.clip(given.probabilities[:, 2] + 0.2, 0, 1)
    named = replace(given, names=("Smiling", "Bangs", "Big_Lips"))
    overall = summarise(named, "toy").overall
    assert overall["ece_steady"]["value"] < 0.7 * overall["ece"]["value"]
    text = as_text(summarise(named, "toy"))
    assert "of 2 attributes" in text
    assert "Big_Lips" in text.split("another standard")[0]
    assert "another standard" not in as_text(summarise(given, "toy"))


def blurred(given, amount, *, seed=1):
    """The same answers with noise on their logits."""
    noise = np.random.default_rng(seed).normal(0, amount, given.logits.shape)
    logits = given.logits + noise
    return replace(given, logits=logits, probabilities=1 / (1 + np.exp(-logits)))


def test_two_networks_are_compared_on_the_same_faces():
    given = answers(800)
    worse = compare(blurred(given, 2.0), given, "blurred", "toy")
    for figure in worse.differences.values():
        assert figure["low"] < figure["value"] < figure["high"] < 0
    assert comparison_as_text(worse).count("worse") == 2
    better = compare(given, blurred(given, 2.0), "toy", "blurred")
    assert better.differences["accuracy"]["value"] == -worse.differences["accuracy"]["value"]
    assert comparison_as_text(better).count("better") == 2
    alike = compare(blurred(given, 0.01), given, "alike", "toy")
    assert "no significant difference" in comparison_as_text(alike)
    result = replace(summarise(given, "toy"), against=alike)
    assert json.loads(json.dumps(result.asdict()))["against"]["faces"] == 800
    assert "alike against toy" in as_text(result)


def test_pairs_show_what_each_interval_alone_would_hide():
    given = answers(800)
    one, two = (summarise(a, "toy").overall["accuracy"] for a in (given, blurred(given, 0.7)))
    assert two["high"] > one["low"], "the intervals overlap"
    assert compare(given, blurred(given, 0.7), "a", "b").differences["accuracy"]["low"] > 0


def test_only_what_both_answer_is_compared():
    given = answers()
    some = replace(
        given, names=("Hat", "Cap"), probabilities=given.probabilities[:, [2, 0]],
        labels=given.labels[:, [2, 0]],
    )  # fmt: skip
    assert compare(given, some, "a", "b").differences["accuracy"]["value"] == 0
    with pytest.raises(DataError, match="no question in common"):
        compare(replace(given, names=("A", "B", "C")), some, "a", "b")
    with pytest.raises(DataError, match="other faces"):
        compare(given, replace(given, people=given.people[::-1]), "a", "b")


def test_the_result_is_json_and_text():
    result = summarise(answers(), "toy", split_by=("Male", "Young"))
    assert json.loads(json.dumps(result.asdict()))["overall"]["accuracy"]["value"] > 0.5
    text = as_text(result)
    assert "mean accuracy" in text
    assert "not Male, not Young" in text


@pytest.mark.data
def test_real_faces_are_answered_far_better_than_by_the_majority(data_dir):
    result = evaluate(data_dir / "celeba" / "test-00000-of-00001.parquet", load_model(), limit=200)
    assert result.overall["accuracy"]["low"] > result.overall["majority"]["value"] + 0.05
    assert result.overall["average_precision"]["value"] > 0.7


@pytest.mark.data
def test_loose_framing_costs_little(data_dir, yunet):
    """The short form of `facelens evaluate --loose`; the figures are of the long one."""
    test = data_dir / "celeba" / "test-00000-of-00001.parquet"
    model = load_model()
    # The cascades take 0.16 s a face; how many faces they find is held by tests/faces.
    for detector, faces, share in (("haar", 32, 0.84), (f"yunet:{yunet}", 60, 0.96)):
        straight = evaluate(test, model, limit=faces).overall["accuracy"]["value"]
        result = evaluate(test, model, loose=True, seed=0, detector=detector, limit=faces)
        assert result.detection is not None
        assert result.detection.share >= share
        assert result.overall["accuracy"]["value"] > straight - 0.025


def test_a_question_that_the_network_does_not_answer_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match="has no attribute 'Wise'"):
        evaluate(tmp_path, load_model(), split_by=("Wise",))


@pytest.mark.data
def test_other_data_is_refused_with_a_sentence(data_dir):
    with pytest.raises(DataError, match="has no column"):
        evaluate(data_dir / "keypoints" / "test-00000-of-00001.parquet", load_model())


@pytest.mark.parametrize(
    "label",
    [int, float, lambda yes: 1 if yes else -1, lambda yes: "yes" if yes else "no",
     lambda yes: "1" if yes else "-1", np.int8],
)  # fmt: skip
def test_labels_of_any_type_are_the_same_labels(label, tmp_path):
    pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    model = load_model()
    wanted = answer(labelled(tmp_path / "a.parquet"), model)[0]
    given = answer(labelled(tmp_path / "b.parquet", label=label), model)[0]
    np.testing.assert_array_equal(given.labels, wanted.labels)
    assert given.labels.dtype == bool


def test_labels_that_are_none_are_sentences(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    model = load_model()
    for column, sentence in {
        (0, 1, -1): "Bald holds 0 and -1, which may both be a no",
        (0, 1, 2): "The column 'Bald' of .* holds more than yes and no: 2",
        ("yes", "no", "maybe"): "The column 'Bald' of .* holds more than yes and no: 'maybe'",
    }.items():
        path = labelled(tmp_path / "a.parquet", 3, Bald=pa.array(column))
        with pytest.raises(DataError, match=sentence):
            answer(path, model)


@pytest.fixture
def blanked():
    """Answers of which three in ten have no label to compare with."""
    given = answers()
    known = np.random.default_rng(2).random(given.labels.shape) < 0.7
    return replace(given, labels=given.labels & known, known=known)


def test_a_blank_label_is_in_no_figure(blanked):
    found = summarise(blanked, "toy", split_by=("Male",))
    hidden = replace(blanked, labels=blanked.labels | ~blanked.known)
    assert summarise(hidden, "toy", split_by=("Male",)).asdict() == found.asdict()
    for a, name in enumerate(blanked.names):
        rows = blanked.known[:, a]
        alone = Answers(
            (name,), blanked.probabilities[rows, a : a + 1], blanked.labels[rows, a : a + 1],
            blanked.people[rows], blanked.logits[rows, a : a + 1],
        )  # fmt: skip
        assert summarise(alone, "toy").attributes[name] == pytest.approx(found.attributes[name])
    for name in ("accuracy", "average_precision"):
        figure = found.overall[name]
        assert figure["low"] < figure["value"] < figure["high"]
    # Who has no label for Male is in neither group.
    groups = {title: group["faces"] for title, group in found.groups.items()}
    assert sum(groups.values()) == blanked.known[:, 0].sum()
    male = blanked.labels[:, 0] & blanked.known[:, 0]
    wrong = (blanked.probabilities[:, 1] >= 0.5) != blanked.labels[:, 1]
    error = found.groups["Male"]["errors"]["Young"]
    assert error["value"] == pytest.approx(wrong[male & blanked.known[:, 1]].mean())
    assert error["low"] < error["value"] < error["high"]


def test_networks_are_compared_on_what_is_known(blanked):
    other = replace(blanked, probabilities=np.clip(blanked.probabilities + 0.1, 0, 1))
    found = compare(blanked, other, "a", "b").differences
    hidden = [replace(each, labels=each.labels | ~each.known) for each in (blanked, other)]
    assert compare(*hidden, "a", "b").differences == found
    assert found["accuracy"]["low"] < found["accuracy"]["value"] < found["accuracy"]["high"]


def test_blank_labels_are_read_as_such(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    model = load_model()
    path = labelled(tmp_path / "a.parquet", 3, Bald=pa.array([True, None, False]))
    given, _ = answer(path, model)
    column = model.names.index("Bald")
    assert given.known[:, column].tolist() == [True, False, True]
    assert given.known.sum() == 3 * len(model.names) - 1
    assert given.labels[:, column].tolist() == [True, False, False]
    assert answer(labelled(tmp_path / "b.parquet", 3), model)[0].known is None
    nothing = {name: pa.nulls(3, pa.bool_()) for name in model.names}
    with pytest.raises(DataError, match="all answers are blank"):
        answer(labelled(tmp_path / "c.parquet", 3, **nothing), model)


def test_without_identities_intervals_are_over_faces_and_that_is_said(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    model = load_model()
    widths = []
    for people in (None, pa.nulls(8, pa.int64()), pa.array([[]] * 8, pa.list_(pa.int64()))):
        result = evaluate(labelled(tmp_path / "a.parquet", 8, people=people), model)
        assert (result.people, result.unknown) == (8, 8)
        assert "8 faces of unknown people: intervals are over faces" in as_text(result)
        assert result.asdict()["without_identity"] == 8
        widths.append(result.overall["accuracy"]["high"] - result.overall["accuracy"]["low"])
    assert min(widths) > 0
    some = pa.array([[1], [1], [2], [], None, [3], [3], [3]])
    result = evaluate(labelled(tmp_path / "a.parquet", 8, people=some), model)
    assert (result.people, result.unknown) == (5, 2)
    assert "8 faces of 5 people, 2 without identity" in as_text(result)


def test_one_person_gives_no_interval():
    given = replace(answers(40), people=np.full(40, "7"))
    result = summarise(given, "toy", split_by=("Male",))
    assert result.asdict()["overall"]["accuracy"]["low"] is None
    text = as_text(result)
    assert "40 faces of 1 person: there is no interval over people" in text
    assert "nan" not in text.lower()
    assert json.loads(json.dumps(result.asdict(), allow_nan=False))


def test_faces_are_split_by_labels_that_the_network_does_not_answer(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pip install 'facelens[bulk]' to test parquet")
    dark = pa.array([1, 0] * 24 + [None] * 2)
    path = labelled(tmp_path / "a.parquet", 50, dark=dark)
    groups = evaluate(path, load_model(), split_by=("dark",)).groups
    assert {title: group["faces"] for title, group in groups.items()} == {
        "not dark": 24,
        "dark": 24,
    }
    assert len(groups["dark"]["errors"]) == 40


def test_a_group_that_is_worse_served_is_warned_of():
    given = answers(800)
    given.probabilities[:, :] = np.where(given.labels, 0.9, 0.1)
    male = given.labels[:, 0]
    wrong = np.random.default_rng(0).random(800) < np.where(male, 0.3, 0.05)
    given.probabilities[wrong, 2] = 1 - given.probabilities[wrong, 2]
    result = summarise(given, "toy", split_by=("Male",))
    gap = result.fairness["gaps"][-1]
    assert (gap["what"], gap["worse"], gap["better"]) == ("Hat", "Male", "not Male")
    assert "WARNING: a group's error is more than twice another's" in as_text(result)
    assert "Hat: 26.9 % wrong on Male (283 faces)" in as_text(result)
    assert "Young" not in result.fairness["warnings"][-1]
    even = summarise(answers(800), "toy", split_by=("Male",))
    assert even.fairness["warnings"] == []
    assert "No group's error is more than twice another's" in as_text(even)
    assert "fairness" not in summarise(given, "toy").asdict()


@pytest.mark.data
def test_the_case_without_identities(data_dir):
    result = evaluate(data_dir / "cases" / "11-null-ids.parquet", load_model())
    assert (result.people, result.unknown) == (10, 10)
    assert result.overall["accuracy"]["high"] - result.overall["accuracy"]["low"] > 0.01
