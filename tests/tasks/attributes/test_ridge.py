"""The fit of a taught word: what it solves, and what leave-one-out says."""

import numpy as np
import pytest

from facelens.tasks.attributes import ridge


def rows(n, d, *, apart, seed):
    rng = np.random.default_rng(seed)
    yes = np.arange(n) % 2 == 0
    x = rng.normal(size=(n, d))
    x[yes, 0] += apart
    return x, yes


def primal(x, yes, masses, penalty):
    """The same fit by Newton's method on weights and bias: logits of every row, and the hat's h."""
    n, d = x.shape
    middle = x.mean(0)
    size = np.sqrt(np.square(x - middle).sum(1).mean())
    z = np.hstack([(x - middle) / size, np.ones((n, 1))])
    ridged = np.diag([penalty * n] * d + [0.0])
    beta = np.zeros(d + 1)
    for _ in range(200):
        p = 1 / (1 + np.exp(-(z @ beta)))
        slope = z.T @ (masses * (p - yes)) + ridged @ beta
        bend = (z * (masses * p * (1 - p))[:, None]).T @ z + ridged
        beta -= np.linalg.solve(bend, slope)
    p = 1 / (1 + np.exp(-(z @ beta)))
    bend = (z * (masses * p * (1 - p))[:, None]).T @ z + ridged
    return z @ beta, np.einsum("ij,jk,ik->i", z, np.linalg.inv(bend), z)


def best(x, yes, masses):
    """The logits by the penalty whose approximate leave-one-out deviance is least."""
    found = []
    for penalty in ridge.PENALTIES:
        logits, leverage = primal(x, yes, masses, penalty)
        p = 1 / (1 + np.exp(-logits))
        gone = logits - leverage * masses * (yes - p) / (1 - leverage * masses * p * (1 - p))
        loss = (masses * (np.logaddexp(0, gone) - gone * yes)).sum()
        found.append((loss, penalty, logits))
    return min(found, key=lambda each: each[0])[1:]


@pytest.mark.parametrize("seed", [0, 1])
def test_leave_one_out_equals_refits_without_each_row(seed):
    x, yes = rows(13, 20, apart=2.0, seed=seed)
    found = ridge.fit(x, yes)
    penalty, logits = best(x, yes, ridge.balanced(yes))
    assert found.penalty == penalty
    assert found.left_out.shape == (13,)
    np.testing.assert_allclose(x @ found.weight + found.bias, logits, atol=1e-6)
    for i in range(len(x)):
        stay = np.arange(len(x)) != i
        masses = np.zeros(len(x))
        masses[stay] = ridge.balanced(yes[stay])
        assert found.left_out[i] == pytest.approx(best(x, yes, masses)[1][i], abs=1e-6)


@pytest.mark.parametrize("n", [10, 40, 100])
def test_what_is_apart_is_told_apart(n):
    x, yes = rows(n, 300, apart=40.0, seed=n)
    found = ridge.fit(x, yes)
    assert ridge.auc(found.left_out, yes) == 1
    assert ((x @ found.weight + found.bias > 0) == yes).all()


def test_without_an_answer_nothing_is_claimed():
    claims = 0
    for seed in range(40):
        x, yes = rows(30, 200, apart=0.0, seed=seed)
        area = ridge.auc(ridge.fit(x, yes).left_out, yes)
        claims += ridge.auc_interval(area, 15, 15)[0] > 0.5
    assert claims <= 3  # 2.5 % of 40 is one


def test_all_rows_alike_are_no_trouble():
    found = ridge.fit(np.ones((12, 5)), np.arange(12) < 6)
    assert np.isfinite(found.weight).all()
    assert np.isfinite(found.left_out).all()


def test_unequal_counts_do_not_move_even_odds():
    rng = np.random.default_rng(3)
    x, yes = rng.normal(size=(40, 100)), np.arange(40) < 8
    found = ridge.fit(x, yes)
    assert abs(found.left_out.mean()) < 0.5


def test_auc_counts_pairs_and_ties():
    scores = np.array([0.1, 0.4, 0.4, 0.9])
    assert ridge.auc(scores, np.array([False, False, True, True])) == 0.875


def test_the_interval_is_wider_for_fewer_and_never_a_point():
    low, high = ridge.auc_interval(1.0, 10, 10)
    assert (round(low, 2), high) == (0.8, 1.0) or 0.7 < low < 0.9
    few, many = ridge.auc_interval(0.8, 10, 10), ridge.auc_interval(0.8, 50, 50)
    assert few[0] < many[0] < 0.8 < many[1] < few[1]


def test_the_interval_is_near_delongs_where_that_is_sound():
    rng = np.random.default_rng(0)
    yes = np.arange(400) < 200
    scores = rng.normal(size=400) + 1.2 * yes
    area = ridge.auc(scores, yes)
    wins = (scores[yes][:, None] > scores[~yes][None]).astype(float)
    spread = np.sqrt(wins.mean(1).var(ddof=1) / 200 + wins.mean(0).var(ddof=1) / 200)
    low, high = ridge.auc_interval(area, 200, 200)
    assert low == pytest.approx(area - 1.96 * spread, abs=0.015)
    assert high == pytest.approx(area + 1.96 * spread, abs=0.015)


def test_platt_finds_the_slope_of_scores_that_are_too_sure():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=4000) * 2
    yes = rng.random(4000) < 1 / (1 + np.exp(-logits))
    slope, shift = ridge.platt(3 * logits, yes)
    assert slope == pytest.approx(1 / 3, rel=0.1)
    assert shift == pytest.approx(0, abs=0.1)
    assert ridge.platt(-logits, yes) == (0.0, 0.0)
