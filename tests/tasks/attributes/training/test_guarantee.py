"""A guaranteed precision: what passes on validation faces holds for faces like them."""

import math

import numpy as np
import pytest
from conftest import missing

from facelens.tasks.attributes.training import guarantee
from facelens.tasks.attributes.training.guarantee import (
    CONFIDENCE,
    LEARN,
    PRECISION,
    binomial_p,
    count,
    passed,
    people_p,
    sequence,
    thresholds,
)

RISK, LEVEL = 1 - PRECISION, 1 - CONFIDENCE
DRAWS = 300
# What 300 draws show of a share of 5 %: a standard error of 1.3 points, twice.
MOST = LEVEL + 2 * math.sqrt(LEVEL * CONFIDENCE / DRAWS)


@pytest.fixture(scope="module")
def mapie():
    try:
        from mapie.risk_control import fwer_control, methods
    except ImportError:
        missing("MAPIE is not installed: `pip install mapie`")
    return fwer_control, methods


def faces(rng, people, each, alike, *, base=-1.0, noise=0.5):
    """Logits, labels and people of one attribute; `alike`: how far one person's faces agree."""
    person = np.repeat(np.arange(people), 1 + rng.poisson(each - 1, people))

    def normal():
        own, common = rng.normal(size=len(person)), rng.normal(size=people)[person]
        return math.sqrt(alike) * common + math.sqrt(1 - alike) * own

    score = base + 2 * normal()
    return score, score + 2 * noise * normal() > 0, person


def precision_of(base=-1.0, noise=0.5):
    """The precision of each threshold on the logit in the population of `faces`."""
    rng = np.random.default_rng(7)
    score = base + 2 * rng.normal(size=1_000_000)
    right = score + 2 * noise * rng.normal(size=len(score)) > 0
    order = np.argsort(-score)
    shares = np.cumsum(right[order]) / np.arange(1, len(score) + 1)
    return lambda cut: shares[max(np.searchsorted(-score[order], -cut) - 1, 0)]


def violations(people, each, alike, base, noise):
    """The share of draws whose threshold has less than the precision, and of those without any."""
    rng, true = np.random.default_rng(0), precision_of(base, noise)
    short = none = 0
    for _ in range(DRAWS):
        score, label, person = faces(rng, people, each, alike, base=base, noise=noise)
        found = float(thresholds(score[:, None], label[:, None], person, np.ones(1))[0])
        if math.isnan(found):
            none += 1
        else:
            short += true(math.log(found / (1 - found))) < PRECISION
    return short / DRAWS, none / DRAWS


@pytest.mark.parametrize(
    ("people", "each", "alike", "base", "noise"),
    [(1500, 1, 0.0, -1, 0.5), (900, 6, 0.97, 2, 0.5)],
    ids=["independent faces", "faces of one person agree"],
)
def test_no_more_draws_fail_than_are_allowed(people, each, alike, base, noise):
    short, none = violations(people, each, alike, base, noise)
    assert short <= MOST
    assert none < 0.5, "a test that never passes proves nothing"


def test_counting_faces_as_independent_would_fail_too_often(monkeypatch):
    monkeypatch.setattr(guarantee, "people_p", lambda *_: 0.0)
    short, _ = violations(900, 6, 0.97, 2, 0.5)
    assert short > MOST


def test_out_of_reach_is_no_threshold():
    rng = np.random.default_rng(0)
    logits, people = rng.normal(size=(1000, 2)), np.arange(1000)
    labels = np.stack([rng.random(1000) < 0.5, logits[:, 1] > 0], 1)
    guess, known = thresholds(logits, labels, people, np.ones(2))
    assert math.isnan(guess)
    assert known < 0.55
    assert np.isnan(thresholds(logits[:1], labels[:1], people[:1], np.ones(2))).all()


def test_the_threshold_is_in_the_units_of_the_page():
    """A network whose logits are twice as large, and its temperature too, answers as before."""
    score, label, person = faces(np.random.default_rng(3), 1500, 1, 0)
    one = thresholds(score[:, None], label[:, None], person, np.ones(1))
    two = thresholds(2 * score[:, None], label[:, None], person, np.full(1, 2.0))
    assert one == pytest.approx(two, abs=0.02)
    assert 0.5 < one[0] < 1


def test_the_order_is_fixed_by_other_faces_than_the_test():
    """Whatever the labels of the faces for the test, the cuts that may be tried are the same."""
    score, label, person = faces(np.random.default_rng(3), 800, 2, 0.3)
    chance = np.random.default_rng(1).permutation(800) / 800
    learn = chance[person] < LEARN
    assert not set(person[learn]) & set(person[~learn])
    cuts = np.linspace(-3, 3, 61)
    order = sequence(score[learn], label[learn], cuts, RISK, int((~learn).sum()))
    assert list(order) == sorted(order, reverse=True)
    assert order[-1] == cuts[0]
    tried = []

    def note(said, labels, person, risk):  # noqa: ARG001
        tried.append(int(said.sum()))
        return 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guarantee, "p_value", note)
        rest = score[~learn], label[~learn], person[~learn]
        assert passed(*rest, order, risk=RISK, level=LEVEL) == order[-1]
    assert len(tried) == len(order)
    assert tried == sorted(tried)


def test_one_failure_ends_the_sequence():
    score = np.repeat([3.0, 2.0, 1.0], [100, 100, 400])
    label = np.repeat([True, False, True], [100, 100, 400])
    order = np.array([2.5, 1.5, 0.5])
    last = passed(score, label, np.arange(600), order, risk=0.5, level=LEVEL)
    assert last == 2.5, "that 0.5 would pass again does not count"
    assert math.isnan(passed(score, ~label, np.arange(600), order, risk=0.5, level=LEVEL))


def test_people_count_where_their_faces_agree():
    said = np.ones(600, bool)
    label = np.repeat(np.arange(100) >= 7, 6)  # seven of a hundred people are all wrong
    wrong, total = count(said, label)
    assert binomial_p(wrong, total, RISK) < LEVEL
    assert people_p(said, label, np.repeat(np.arange(100), 6), RISK) > LEVEL
    assert people_p(~said, label, np.arange(600), RISK) == 1


def test_p_values_are_those_of_mapie(mapie):
    _, methods = mapie
    for total in (20, 150, 2000):
        wrong = np.unique(np.linspace(0, total, 12).astype(int))
        theirs = methods.compute_hoeffding_bentkus_p_value(
            wrong / total, np.full(len(wrong), float(total)), RISK, binary=True
        )
        # Theirs is the smaller of the binomial tail and Hoeffding's bound on it, and rounds a share
        # up to the next count.
        for k, p in zip(wrong, theirs[:, 0], strict=True):
            near = [binomial_p(int(k), total, RISK), binomial_p(int(k) + 1, total, RISK)]
            assert any(p == pytest.approx(own, rel=1e-6, abs=1e-12) for own in near)


def test_mapie_finds_the_same_threshold(mapie):
    fwer_control, methods = mapie
    rng = np.random.default_rng(5)
    for _ in range(20):
        score, label, person = faces(rng, 900, 1, 0)
        order = np.linspace(3, -3, 61)
        counts = np.array([count(score >= cut, label) for cut in order])
        theirs = methods.compute_hoeffding_bentkus_p_value(
            counts[:, 0] / counts[:, 1], counts[:, 1].astype(float), RISK, binary=True
        )[:, 0]
        kept = fwer_control.control_fwer(theirs, LEVEL, "fixed_sequence")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(guarantee, "people_p", lambda *_: 0.0)
            own = passed(score, label, person, order, risk=RISK, level=LEVEL)
        assert own == (order[kept[-1]] if len(kept) else pytest.approx(np.nan, nan_ok=True))


def test_the_embedded_networks_have_it():
    from facelens import load_model

    for name in ("mobilenet_v2", "resnet50"):
        config = load_model(name).config
        sure = config.operating_points["sure90"]
        assert 0 < np.isfinite(sure).sum() < len(config.names)
        assert config.metrics["guarantee"]["faces"] >= 2044
