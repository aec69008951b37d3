import csv
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facelens.errors import BundleError, ThresholdError
from facelens.faces import Box
from facelens.tasks import load_model
from facelens.tasks.attributes.curves import GRID, NEAR, Curves, curves_for_page, doubt_bands
from facelens.tasks.attributes.thresholds import (
    Verdict,
    meaning,
    operating_point,
    sentence,
    verdicts,
)
from facelens.tasks.attributes.weak import BUCKETS, measured, often_wrong, weak
from facelens.tasks.classifier import Prediction

ROOT = Path(__file__).parents[3]


def curves(names, *, low=0.4, high=0.6) -> Curves:
    """Curves of equal rows, doubtful from `low` to `high` at every threshold."""
    table = np.tile(GRID, (len(names), 1))
    columns = {
        column: table
        for column in ("precision", "recall", "fpr")
        for column in (column, f"{column}_low", f"{column}_high")
    }
    return Curves(
        names=names,
        **columns,
        doubt_low=np.full_like(table, low),
        doubt_high=np.full_like(table, high),
        prevalence=np.full(len(names), 0.2),
        ap=np.full(len(names), 0.8),
        ece=np.full(len(names), 0.02),
    )


def prediction(**probabilities) -> Prediction:
    p = np.array(list(probabilities.values()), np.float32)
    return Prediction(np.log(p / (1 - p)), p, tuple(probabilities))


def test_a_verdict_is_yes_no_or_doubtful():
    said = prediction(Smiling=0.9, Bangs=0.1, Wavy_Hair=0.55)
    found = verdicts(said, np.full(3, 0.5), curves(said.names))
    assert found == [Verdict.YES, Verdict.NO, Verdict.DOUBTFUL]


def test_a_face_that_is_hard_to_read_makes_everything_doubtful():
    said = prediction(Smiling=0.99, Bangs=0.01)
    found = verdicts(said, np.full(2, 0.5), curves(said.names), hints=("The face is small.",))
    assert found == [Verdict.DOUBTFUL] * 2


def test_a_threshold_out_of_reach_is_doubtful_and_says_so():
    said = prediction(Smiling=0.99)
    assert verdicts(said, np.array([np.nan]), curves(said.names)) == [Verdict.DOUBTFUL]
    assert "No threshold" in meaning("Smiling", np.nan, curves(said.names))


def test_a_near_miss_is_doubtful_on_either_side_of_the_threshold():
    """Intervals often begin right at the threshold: 0.4999 under a tick at 0.50 was a firm no."""
    names = ("Smiling", "Bangs", "Bald", "Wavy_Hair")
    above, below = curves(names, low=0.5, high=0.7), curves(names, low=0.3, high=0.5)
    said = prediction(Smiling=0.4999, Bangs=0.501, Bald=0.44, Wavy_Hair=0.56)
    for found in (above, below):
        answers = verdicts(said, np.full(4, 0.5), found)
        assert answers[:2] == [Verdict.DOUBTFUL] * 2
    assert verdicts(said, np.full(4, 0.5), above)[2] is Verdict.NO
    assert verdicts(said, np.full(4, 0.5), below)[3] is Verdict.YES


def test_doubt_is_as_wide_as_a_shift_of_one_pixel_and_never_narrower_than_the_interval():
    found = load_model().curves
    low, high = doubt_bands(found)
    assert (low <= found.doubt_low).all()
    assert (high >= found.doubt_high).all()
    inner = GRID[1:-1]
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    assert (logit(inner) - logit(low[:, 1:-1]) >= NEAR - 0.02).all()
    assert (logit(high[:, 1:-1]) - logit(inner) >= NEAR - 0.02).all()
    assert low[:, 0].max() == 0
    assert high[:, 100].min() == 1


def test_the_margin_of_doubt_is_what_the_benchmark_measured():
    with (ROOT / "benchmarks" / "results" / "shift.csv").open(newline="") as file:
        moved = [float(row["rms"]) for row in csv.DictReader(file) if row["answers"] != "all"]
    assert round(max(moved), 1) == NEAR


def test_the_meaning_of_a_threshold_is_in_words():
    assert meaning("Smiling", 0.5, curves(("Smiling",))) == (
        "Of 100 CelebA faces that get a yes here, 50 are labelled so; "
        "of 100 that are labelled so, 50 get a yes."
    )


def test_the_sentence_leaves_judgements_out_and_names_doubts():
    said = prediction(Smiling=0.97, Attractive=0.99, Brown_Hair=0.8, No_Beard=0.02, Bangs=0.5)
    half = np.full(5, 0.5)
    answers = verdicts(said, half, curves(said.names))
    text = sentence(said, answers, half, curves(said.names))
    assert text == "Fairly sure: smiling, brown hair. Doubtful: bangs."
    hints = ("The face is dark.",)
    assert sentence(said, answers, half, curves(said.names), hints=hints) == (
        "Sure of nothing in this face. The face is dark."
    )


def test_the_sentence_says_what_is_surprising_and_not_what_most_faces_have():
    names = ("No_Beard", "Smiling", "Wearing_Hat", "Eyeglasses", "Bangs")
    rates = replace(curves(names), prevalence=np.array([0.84, 0.48, 0.05, 0.07, 0.15]))
    half = np.full(5, 0.5)

    def said(**probabilities):
        found = prediction(**probabilities)
        answers = verdicts(found, half, rates)
        return sentence(found, answers, half, rates)

    # The hat is the news, though the network is surer of the smile; nobody asks about no beard.
    assert said(No_Beard=0.999, Smiling=0.99, Wearing_Hat=0.95, Eyeglasses=0.01, Bangs=0.01) == (
        "Fairly sure: a hat, smiling."
    )
    assert said(No_Beard=0.02, Smiling=0.01, Wearing_Hat=0.01, Eyeglasses=0.99, Bangs=0.01) == (
        "Fairly sure: eyeglasses, a beard, not smiling."
    )
    bearded = replace(rates, prevalence=np.array([0.1, 0.9, 0.9, 0.9, 0.9]))
    found = prediction(No_Beard=0.98, Smiling=0.97, Wearing_Hat=0.02, Eyeglasses=0.97, Bangs=0.97)
    answers = verdicts(found, half, bearded)
    assert sentence(found, answers, half, bearded) == "Fairly sure: no beard, no hat."
    assert said(No_Beard=0.99, Smiling=0.65, Wearing_Hat=0.01, Eyeglasses=0.01, Bangs=0.01) == (
        "Nothing out of the ordinary."
    )


def test_what_a_threshold_alone_decides_is_not_called_sure():
    said = prediction(Smiling=0.97, Bald=0.06, No_Beard=0.8)
    cuts = np.array([0.5, 0.05, 0.9])
    answers = [Verdict.YES, Verdict.YES, Verdict.NO]
    assert sentence(said, answers, cuts, curves(said.names)) == (
        "Fairly sure: smiling. By these thresholds also: a beard, bald."
    )


def test_what_has_no_threshold_is_no_news_and_the_nearest_doubt_comes_first():
    said = prediction(Smiling=0.4, Bangs=0.58, Eyeglasses=0.01, Bald=0.52)
    cuts = np.array([0.5, 0.5, np.nan, 0.5])
    doubts = [Verdict.DOUBTFUL] * 4
    assert sentence(said, doubts, cuts, curves(said.names)) == "Doubtful: bald, bangs, smiling."


def test_an_operating_point_is_a_name_or_a_number():
    config = SimpleNamespace(
        operating_points={"half": np.array([0.5, 0.5], np.float32)}, names=("A", "B")
    )
    assert operating_point(config, "half").tolist() == [0.5, 0.5]
    assert operating_point(config, "0.25").tolist() == [0.25, 0.25]
    for nonsense in ("best", "1.5", "-1", "nan", ""):
        with pytest.raises(ThresholdError, match="There is no threshold"):
            operating_point(config, nonsense)


def test_curves_survive_the_disk_and_undefined_stays_undefined(tmp_path):
    kept = curves(("Smiling", "Bangs"))
    kept.precision[0, 100] = np.nan
    kept.save(tmp_path / "curves.json")
    assert json.loads((tmp_path / "curves.json").read_text())  # NaN would not be JSON
    read = Curves.read((tmp_path / "curves.json").read_bytes())
    assert np.isnan(read.precision[0, 100])
    np.testing.assert_allclose(read.recall, kept.recall, atol=1e-4)
    assert curves_for_page(read)["Smiling"]["precision"][100] is None


@pytest.mark.parametrize("data", [b"", b"[]", b'{"names": ["A"], "attributes": {}}'])
def test_damaged_curves_are_refused_with_a_sentence(data):
    with pytest.raises(BundleError, match=r"curves\.json"):
        Curves.read(data)


def test_the_embedded_thresholds_do_what_their_names_say():
    model = load_model()
    found = model.curves
    rows = np.arange(len(model.names))

    def at(column, thresholds):
        return getattr(found, column)[rows, np.rint(thresholds * 100).astype(int)]

    precise = operating_point(model.config, "precision90")
    reached = np.isfinite(precise)
    assert reached.sum() >= 10
    assert (at("precision", np.where(reached, precise, 0))[reached] >= 0.9).all()
    best = operating_point(model.config, "f1")

    def f1(thresholds):
        precision, recall = at("precision", thresholds), at("recall", thresholds)
        return 2 * precision * recall / np.maximum(precision + recall, 1e-9)

    assert np.nanmean(f1(best)) > np.nanmean(f1(np.full(len(rows), 0.5)))
    assert ((found.doubt_low <= GRID + 1e-4) & (found.doubt_high >= GRID - 1e-4)).all()


def test_a_weak_row_is_doubtful_and_no_other():
    said = prediction(Smiling=0.99, Blurry=0.99)
    found = verdicts(said, np.full(2, 0.5), curves(said.names), weak={"Blurry": "Often wrong."})
    assert found == [Verdict.YES, Verdict.DOUBTFUL]


METRICS = {
    "weak": [
        {"from": 40, "below": 55, "faces": 9, "names": {"Blurry": {"error": 0.13, "overall": 0.03}}}
    ]
}


@pytest.mark.parametrize(("width", "named"), [(39, False), (40, True), (54.9, True), (55, False)])
def test_what_is_often_wrong_on_small_faces_is_doubtful_there(width, named):
    found = weak(METRICS, SimpleNamespace(box=Box(0, 0, width, width)))
    assert list(found) == (["Blurry"] if named else [])
    if named:
        assert found["Blurry"] == (
            "On faces 40 to 55 pixels wide it is wrong on 13 of 100, instead of 3."
        )


@pytest.mark.parametrize("odd", [None, 3, [3], [{}], [{"from": 1, "below": 99, "names": [1]}]])
def test_a_bundle_in_which_this_stands_otherwise_names_nothing(odd):
    assert weak({"weak": odd}, SimpleNamespace(box=Box(0, 0, 50, 50))) == {}


def test_often_wrong_is_twice_as_often_even_at_the_lower_end_of_the_interval():
    whole = np.zeros((1000, 3), bool)
    whole[:30] = True  # 3 %
    errors = np.zeros((1000, 3), bool)
    errors[:29, 0], errors[:65, 1], errors[:90, 2] = True, True, True
    faces = np.full(3, 1000)
    assert often_wrong(errors, whole.mean(0), faces).tolist() == [False, False, True]
    (row,) = measured(("a", "b", "c"), whole, {BUCKETS[0]: errors}, faces)
    assert row["names"] == {"c": {"error": 0.09, "overall": 0.03}}
