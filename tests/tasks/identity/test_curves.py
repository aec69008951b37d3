"""From a rate of false accepts to a similarity."""

import numpy as np
import pytest

from facelens.tasks.identity import curves
from facelens.tasks.identity.curves import RATES, Curve, Curves, measure, per_person, strangers


def people(count, photos, spread, width=16, seed=0):
    """Unit embeddings of photos around a point a person, and who is on each."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, width))
    points = np.repeat(centres, photos, 0) + spread * rng.normal(size=(count * photos, width))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points.astype(np.float32), np.repeat(np.arange(count), photos)


def test_the_threshold_is_what_that_share_of_strangers_exceeds():
    rng = np.random.default_rng(0)
    scores = rng.uniform(-1, 1, 100_000)
    pairs = rng.integers(0, 300, (2, len(scores)))
    curve = strangers(scores, *pairs)
    for rate in (0.1, 0.01, 0.001):
        cut = curve.threshold(rate)
        assert (scores >= cut).mean() == pytest.approx(rate, rel=0.15)
        low, high = curve.interval(rate)
        assert low <= cut <= high
        assert curve.rate(cut) == pytest.approx(rate, rel=1e-6)
    assert curve.threshold(0.01) < curve.threshold(0.004) < curve.threshold(0.001)


def test_the_interval_is_over_people_not_over_pairs():
    """One person who is like everybody widens it, however many pairs that is."""
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(40, 1)
    scores = rng.uniform(0, 0.4, len(first))
    scores[(first == 0) | (second == 0)] += 0.5
    low, high = strangers(scores, first, second).interval(0.05)
    assert low < 0.45
    assert high > 0.5


def test_a_gallery_shares_its_rate_among_its_people():
    one = per_person(0.01, 8)
    assert 1 - (1 - one) ** 8 == pytest.approx(0.01)
    assert per_person(0.01, 1) == pytest.approx(0.01)


def test_curves_of_people_hold_on_other_people():
    known, fresh = people(200, 6, 0.5), people(200, 6, 0.5, seed=1)
    found = measure(*known, "200 people")
    assert found.measured_on == "200 people"
    embeddings, owner = fresh
    dots = embeddings @ embeddings.T
    apart = owner[:, None] != owner[None]
    assert (dots[apart] > found.photo.threshold(0.01)).mean() == pytest.approx(0.01, rel=0.25)
    # A mean of several is less noisy, so strangers come nearer to it.
    assert found.mean.threshold(0.01) > found.photo.threshold(0.01)


def test_the_margin_is_what_wrong_names_win_by():
    assert measure(*people(60, 6, 0.02)).margin == 0, "nobody is mistaken"
    assert 0 < measure(*people(60, 6, 1.2)).margin < 0.5


def test_they_are_read_back_as_they_were_written():
    found = measure(*people(50, 4, 0.6), "here")
    again = Curves.from_json(found.as_json())
    assert again.as_json() == found.as_json()
    assert again.mean.threshold(0.01) == pytest.approx(found.mean.threshold(0.01), abs=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(rates=[0.1]),
        lambda v: v.update(margin=float("nan")),
        lambda v: v["photo"].update(cuts=[0.5]),
        lambda v: v["photo"].update(cuts=v["photo"]["cuts"][::-1]),
        lambda v: v["mean"].update(cuts=[float("nan")] * len(RATES)),
        lambda v: v["mean"].update(high=[7.0] * len(RATES)),
    ],
)
def test_curves_that_cannot_be_are_refused(change):
    values = measure(*people(50, 4, 0.6)).as_json()
    change(values)
    with pytest.raises(ValueError, match=r".*"):
        Curves.from_json(values)


def test_a_curve_that_falls_is_none():
    cuts = np.linspace(0.9, 0.1, len(RATES))
    assert not Curve(cuts, cuts, cuts, 1).is_valid


def test_the_usual_rate_can_be_asked_for():
    assert curves.LEAST_RATE < curves.DEFAULT_RATE < curves.MOST_RATE
