"""Figures of one answer of several, against what can be computed by hand."""

import numpy as np
import pytest

from facelens.tasks.expression import figures


def one_hot(*answers):
    return np.eye(7)[list(answers)]


def test_accuracy_with_and_without_repeats_and_confusion():
    labels, repeat = np.array([0, 0, 3, 3, 6]), np.array([False, True, False, False, False])
    found = figures.measure(one_hot(0, 1, 3, 3, 3), labels, repeat, draws=50)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["accuracy_without_repeats"] == pytest.approx(3 / 4)
    assert found["balanced_accuracy"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert found["confusion"][0][:2] == [1, 1]
    assert found["confusion"][6][3] == 1
    assert found["by_expression"]["happy"] == {
        "faces": 2, "recall": 1.0, "f1": pytest.approx(0.8)
    }  # fmt: skip
    assert found["low"] <= found["accuracy"] <= found["high"]
    assert np.isnan(found["by_expression"]["fear"]["recall"])


def test_calibration_of_what_is_right_as_often_as_it_says():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 7))
    true = figures.softmax(logits)
    labels = (true.cumsum(1) > rng.random((4000, 1))).argmax(1)
    floor = figures.ece_floor(true)
    assert figures.ece(true, labels) < 1.6 * floor
    boastful = figures.softmax(logits, 0.5)
    assert figures.ece(boastful, labels) > 5 * floor
    assert figures.fit_temperature(logits * 2, labels) == pytest.approx(2, rel=0.05)


def test_area_under_the_curve():
    scores, truth = np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True])
    assert figures.auc(scores, truth) == pytest.approx(3.5 / 4)
    assert np.isnan(figures.auc(scores, np.zeros(4, bool)))
