"""Figures of pairs: accuracy over folds of people, AUC, true accepts."""

import numpy as np
import pytest

from facelens.tasks.identity import figures


def pairs(people=30, photos=4, spread=0.6, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 12))
    points = np.repeat(centres, photos, 0) + spread * rng.normal(size=(people * photos, 12))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    owner = np.repeat(np.arange(people), photos)
    first, second = np.triu_indices(len(points), 1)
    scores = np.einsum("nd,nd->n", points[first], points[second])
    return scores, owner[first] == owner[second], owner[first], owner[second], points, owner


def test_the_best_threshold_is_the_best():
    scores, same, *_ = pairs()
    cut = figures.best_threshold(scores, same)
    right = ((scores >= cut) == same).sum()
    tried = max(((scores >= each) == same).sum() for each in np.append(scores, scores.max() + 1))
    assert right == tried
    assert not np.isclose(scores, cut, atol=1e-12).any(), "it lies between two"


def test_nobody_is_on_both_sides(monkeypatch):
    """What a pair's threshold is chosen on has neither of its people."""
    scores, same, first, second, *_ = pairs(people=40)
    chosen = []
    best = figures.best_threshold

    def watched(given, truth):
        rows = np.flatnonzero(np.isin(scores, given))
        chosen.append({*first[rows].tolist(), *second[rows].tolist()})
        return best(given, truth)

    monkeypatch.setattr(figures, "best_threshold", watched)
    _, cuts = figures.cross_fitted(scores, same, first, second)
    assert len(chosen) == 55
    every = set(range(40))
    for people in chosen:
        assert 4 <= len(every - people) <= 8, "the people of one or of two folds"
    assert len(set(cuts.tolist())) > 1


def test_a_constant_score_gains_nothing_from_its_threshold():
    scores, same, first, second, *_ = pairs()
    right, _ = figures.cross_fitted(np.zeros_like(scores), same, first, second)
    assert right.mean() == pytest.approx(max(same.mean(), 1 - same.mean()), abs=0.01)


def test_auc_counts_ties_by_half():
    same = np.array([True, True, False, False])
    assert figures.auc(np.array([3.0, 2, 1, 0]), same) == 1
    assert figures.auc(np.array([1.0, 1, 1, 1]), same) == 0.5
    assert figures.auc(np.array([0.0, 1, 2, 3]), same) == 0
    assert figures.auc(np.array([2.0, 0, 1, 1]), same) == 0.5


def test_auc_weighs():
    same = np.array([True, True, False])
    scores = np.array([2.0, 0.0, 1.0])
    assert figures.auc(scores, same, np.array([3.0, 1, 1])) == 0.75


def test_true_accepts_allow_no_more_strangers_than_asked_for():
    rng = np.random.default_rng(0)
    scores, same = rng.uniform(size=1000), np.arange(1000) < 500
    cut = figures.threshold(scores[~same], np.ones(500), 0.01)
    assert (scores[~same] > cut).sum() == 5
    assert figures.true_accepts(scores, same) == (scores[same] > cut).mean()


def test_a_histogram_of_all_pairs_agrees_with_the_pairs_themselves():
    scores, same, *_, points, owner = pairs()
    found = figures.of_faces(points, owner)
    assert found["auc"] == pytest.approx(figures.auc(scores, same), abs=1e-3)
    exact = figures.true_accepts(scores, same)
    assert found["true_accept_at_1_percent_false"] == pytest.approx(exact, abs=0.02)


def test_intervals_are_around_their_figures():
    scores, same, first, second, points, owner = pairs(people=20)
    found = figures.measure(scores, same, first, second, draws=100)
    seeds = range(figures.REPEATS)
    each = [figures.cross_fitted(scores, same, first, second, seed=k)[0].mean() for k in seeds]
    assert len(set(each)) > 1
    assert found["accuracy"] == pytest.approx(np.mean(each))
    for name in ("accuracy", "auc", "true_accept_at_1_percent_false"):
        low, high = found[f"{name}_interval"]
        assert 0 <= low <= found[name] <= high <= 1
    whole = figures.summary(points, owner, draws=50)
    assert (whole["faces"], whole["people"]) == (80, 20)
    low, high = whole["auc_interval"]
    assert low <= whole["auc"] <= high


def test_drawn_pairs_are_of_one_person_and_of_two():
    owner = np.repeat(np.arange(40), 5)
    first, second = figures.drawn_pairs(owner, most=300)
    same = owner[first] == owner[second]
    assert (same.sum(), (~same).sum()) == (300, 300)
    assert (first != second)[same].all()


def test_a_group_that_is_worse_shows():
    *_, points, owner = pairs(people=40)
    noisy = points.copy()
    rng = np.random.default_rng(3)
    noisy[owner < 20] += 0.5 * rng.normal(size=(80, 12))
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    groups = {"poor": owner < 20, "good": owner >= 20, "few": owner == 0}
    found = figures.by_group(noisy, owner, groups, 0.6, draws=50)
    assert found["poor"]["error"] > found["good"]["error"]
    assert found["good"]["low"] <= found["good"]["error"] <= found["good"]["high"]
    assert found["good"]["false_accept_low"] <= found["good"]["false_accept"]
    assert found["few"]["error"] == "too few"
    never = figures.by_group(points, owner, {"all": owner >= 0}, 2.0, draws=50)["all"]
    assert (never["error"], never["false_accept"]) == (1, 0)
    assert never["low"] < 1, "of all pairs that were drawn, not of all that there can be"
    assert never["false_accept_high"] > 0
