"""What a yes means elsewhere, and what a mistake costs."""

from dataclasses import replace

import numpy as np
import pytest

from facelens.metrics import wilson
from facelens.tasks import load_model
from facelens.tasks.attributes.curves import GRID, Curves
from facelens.tasks.attributes.prior import cheapest, right_among, yes_among


def curves(names) -> Curves:
    """Curves of equal rows; what a test is about is put in their place."""
    table = np.tile(GRID, (len(names), 1))
    columns = {
        f"{rate}{end}": table
        for rate in ("precision", "recall", "fpr")
        for end in ("", "_low", "_high")
    }
    each = np.full(len(names), 0.2)
    return Curves(
        names, **columns, doubt_low=table, doubt_high=table, prevalence=each, ap=each, ece=each
    )


def rates(recall, fpr, *, yes=200, no=1800):
    """Curves of one attribute with the same rates at every threshold, counted on so many faces."""
    found = {}
    for name, share, total in (("recall", recall, yes), ("fpr", fpr, no)):
        low, high = wilson(np.array(share * total), np.array(total))
        for column, value in ((name, share), (f"{name}_low", low), (f"{name}_high", high)):
            found[column] = np.full((1, 101), float(value))
    return replace(curves(("Eyeglasses",)), **found)


def test_the_share_of_right_yeses_is_as_worked_out_by_hand():
    # Of 1,000 people 20 wear glasses: 18 of them get a yes, and 49 of the 980 others.
    assert right_among(0.02, 0.9, 0.05) == pytest.approx(18 / (18 + 49))
    assert right_among(0.2, 0.9, 0.05) == pytest.approx(180 / (180 + 40))
    assert right_among(0.5, 1.0, 0.0) == 1
    assert np.isnan(right_among(0.5, 0.0, 0.0))
    told = yes_among(rates(0.9, 0.05), "Eyeglasses", 0.5, 0.02)
    assert told.value == pytest.approx(18 / 67)
    assert told.low < told.value < told.high
    assert np.isnan(yes_among(rates(0.9, 0.05), "Eyeglasses", np.nan, 0.02).value)


def test_where_it_is_as_common_as_in_the_data_a_yes_is_right_as_often_as_the_precision_says():
    found = load_model().curves
    for name in ("Smiling", "Eyeglasses", "Bald", "No_Beard"):
        a = found.names.index(name)
        for cut in (0.3, 0.5, 0.7):
            told = yes_among(found, name, cut, float(found.prevalence[a]))
            assert told.value == pytest.approx(found.precision[a, round(100 * cut)], abs=0.01)
            assert told.low <= told.value <= told.high


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """2,000 validation sets are drawn from known rates; few counts and many."""
    rng = np.random.default_rng(0)
    for recall, fpr, base in ((0.9, 0.02, 0.02), (0.6, 0.002, 0.3)):
        truth = right_among(base, recall, fpr)
        held = 0
        for _ in range(2000):
            hits, false = rng.binomial(150, recall), rng.binomial(1850, fpr)
            told = yes_among(
                rates(hits / 150, false / 1850, yes=150, no=1850), "Eyeglasses", 0.5, base
            )
            held += told.low <= truth <= told.high
        assert 0.925 <= held / 2000 <= 0.985


def test_the_dearer_a_false_yes_the_higher_the_threshold_and_the_cost_is_the_least():
    model = load_model()
    found, faces = model.curves, model.config.metrics["valid"]["faces"]
    before = np.zeros(len(found.names))
    for ratio in (0.2, 1, 5):
        told = cheapest(found, ratio, faces=faces)
        assert (told.thresholds >= before).all()
        assert (told.low <= told.high).all()
        assert ((told.low <= told.thresholds) & (told.thresholds <= told.high)).mean() > 0.9
        before = told.thresholds
    assert np.isnan(cheapest(found, 1).low).all()
    even = cheapest(found, 1, faces=faces).thresholds
    assert np.median(even) == pytest.approx(0.5, abs=0.1), "calibrated: least mistakes at one half"


def test_the_threshold_of_least_cost_is_as_worked_out_by_hand():
    """Of 100 faces 10 are labelled so, 5 of them from 0.6 on; of the others 9 reach 0.3, 1 0.6."""
    one = curves(("Bald",))
    recall = np.where(GRID <= 0.3, 1, np.where(GRID <= 0.6, 0.5, 0))
    fpr = np.where(GRID == 0, 1, np.where(GRID <= 0.3, 0.1, np.where(GRID <= 0.6, 1 / 90, 0)))
    one = replace(one, recall=recall[None], fpr=fpr[None], prevalence=np.array([0.1]))
    # A yes from 0.01 costs 9 false yeses; from 0.31 one false yes and 5 false noes; from 0.61 ten.
    assert cheapest(one, 0.2).thresholds == pytest.approx([0.01])
    assert cheapest(one, 2).thresholds == pytest.approx([0.31])
    assert cheapest(one, 20).thresholds == pytest.approx([0.61])


def test_the_interval_of_a_threshold_is_that_of_a_bootstrap_over_single_faces():
    rng = np.random.default_rng(1)
    n = 1500
    p = np.round(rng.beta(0.6, 2, n), 2) + 0.004
    truth = rng.random(n) < p
    above = p[:, None] >= GRID
    one = replace(
        curves(("Bald",)),
        recall=(above & truth[:, None]).sum(0)[None] / truth.sum(),
        fpr=(above & ~truth[:, None]).sum(0)[None] / (~truth).sum(),
        prevalence=np.array([truth.mean()]),
    )
    told = cheapest(one, 3, faces=n, draws=1000)
    drawn = []
    for _ in range(1000):
        w = rng.multinomial(n, np.full(n, 1 / n))
        cost = 3 * (w * ~truth) @ above + (w * truth) @ ~above
        drawn.append(GRID[cost.argmin()])
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert told.low[0] == pytest.approx(low, abs=0.03)
    assert told.high[0] == pytest.approx(high, abs=0.03)
