import numpy as np
import pytest

from facelens import metrics

LABELS = np.array([[1, 0], [1, 0], [0, 0], [0, 1]], bool)
PROBABILITIES = np.array([[0.9, 0.2], [0.4, 0.6], [0.6, 0.1], [0.1, 0.8]])


def test_accuracy_counts_agreement_at_one_half():
    assert metrics.accuracy(PROBABILITIES, LABELS) == pytest.approx([0.5, 0.75])


def test_average_precision_agrees_with_hand_and_with_scikit_learn():
    # By rank: 0.9 right (1/1), 0.6 wrong, 0.4 right (2/3): (1 + 2/3) / 2.
    assert metrics.average_precision(PROBABILITIES, LABELS) == pytest.approx([5 / 6, 1.0])


def test_average_precision_counts_ties_together():
    scores = np.full((4, 1), 0.5)
    truth = np.array([[1], [0], [0], [0]], bool)
    assert metrics.average_precision(scores, truth) == pytest.approx([0.25])


def test_average_precision_agrees_with_scikit_learn():
    reference = pytest.importorskip("sklearn.metrics").average_precision_score
    rng = np.random.default_rng(1)
    truth = rng.random(300) < 0.2
    scores = np.round(np.clip(truth * 0.3 + rng.random(300) * 0.7, 0, 1), 2)
    ours = metrics.average_precision(scores[:, None], truth[:, None])
    assert ours[0] == pytest.approx(reference(truth, scores))


def test_an_attribute_without_positives_has_no_average_precision():
    assert np.isnan(metrics.average_precision(PROBABILITIES, np.zeros((4, 2), bool))).all()


def test_f1_and_balanced_accuracy_by_hand():
    assert metrics.f1(PROBABILITIES, LABELS) == pytest.approx([0.5, 2 / 3])
    assert metrics.balanced_accuracy(PROBABILITIES, LABELS) == pytest.approx([0.5, 5 / 6])


def test_calibration_error_is_the_gap_between_said_and_true():
    said = np.full((100, 1), 0.8)
    true = np.arange(100)[:, None] < 50
    assert metrics.calibration_error(said, true) == pytest.approx([0.3])


def test_a_right_probability_stays_at_its_floor_and_a_wrong_one_does_not():
    rng = np.random.default_rng(0)
    said = rng.random((5000, 1))
    true = rng.random((5000, 1)) < said
    floor = metrics.calibration_floor(said)[0]
    assert metrics.calibration_error(said, true)[0] < 1.5 * floor
    assert metrics.calibration_error(said**2, true)[0] > 5 * floor


def test_people_are_resampled_with_all_their_faces():
    people = np.array([7, 7, 3, 9])
    weights = metrics.resample_people(people, draws=50)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 1] + weights[:, 2] + weights[:, 3] == 3).all()
    assert len({tuple(row) for row in weights}) > 5


def test_a_share_of_nothing_has_no_interval():
    low, high = metrics.wilson(np.array([0, 9]), np.array([0, 10]))
    assert np.isnan(low[0])
    assert 0.55 < low[1] < 0.9 < high[1] < 1
