"""Figures of a network with one answer of several: accuracy, confusion, calibration.

`probabilities` float (n, classes), `labels` int (n,) throughout.
"""

from typing import Any

import numpy as np

from facelens.metrics import BINS, interval
from facelens.tasks.expression.names import NAMES

DRAWS = 1000


def confusion(answers: np.ndarray, labels: np.ndarray, classes: int = len(NAMES)) -> np.ndarray:
    """Counts int (classes, classes): a row a label, a column an answer."""
    return np.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)


def recalls(counts: np.ndarray) -> np.ndarray:
    """Share of each label's faces that are answered so; NaN for one without faces."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts.diagonal() / counts.sum(1)


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 of each class; NaN for one without faces."""
    total = counts.sum(0) + counts.sum(1)
    score = 2 * counts.diagonal() / np.maximum(total, 1)
    return np.where(counts.sum(1) > 0, score, np.nan)


def ece(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of the first answer (Guo et al., 2017), in 15 equal bins."""
    return float(_gap(probabilities.max(1), probabilities.argmax(1) == labels))


def ece_floor(probabilities: np.ndarray, *, draws: int = 200, seed: int = 0) -> float:
    """The calibration error that chance alone makes, were the probabilities exactly right.

    Whether the first answer is right is drawn from its own probability; the mean of `draws`.
    """
    rng, sure = np.random.default_rng(seed), probabilities.max(1)
    return float(np.mean([_gap(sure, rng.random(len(sure)) < sure) for _ in range(draws)]))


def _gap(sure: np.ndarray, right: np.ndarray) -> float:
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return np.abs(np.bincount(bins, sure - right, BINS)).sum() / len(sure)


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities float64 (n, classes) of logits over a temperature."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The one temperature with the least cross-entropy, by golden section in its logarithm."""
    low, high, ratio = np.log(0.05), np.log(20.0), (np.sqrt(5) - 1) / 2

    def loss(log_t: float) -> float:
        return log_loss(softmax(logits, float(np.exp(log_t))), labels)

    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


def measure(
    probabilities: np.ndarray, labels: np.ndarray, repeat: np.ndarray, *, draws: int = DRAWS
) -> dict[str, Any]:
    """All figures of a network on faces, with 95 % intervals by bootstrap over faces.

    Accuracies are shares. `repeat`: bool (n,), faces whose picture stands earlier in the data.
    """
    answers, fresh = probabilities.argmax(1), ~repeat
    right, counts = answers == labels, confusion(answers, labels)
    rng, n = np.random.default_rng(0), len(labels)
    sampled = [rng.integers(0, n, n) for _ in range(draws)]
    several = [confusion(answers[rows], labels[rows]) for rows in sampled]
    low, high = interval(np.array([right[rows].mean() for rows in sampled]))
    fresh_low, fresh_high = interval(
        np.array([_mean(right[rows][fresh[rows]]) for rows in sampled])
    )
    f1_low, f1_high = interval(np.array([np.nanmean(f1(each)) for each in several]))
    balanced_low, balanced_high = interval(np.array([np.nanmean(recalls(e)) for e in several]))
    return {
        "faces": n,
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "faces_without_repeats": int(fresh.sum()),
        "accuracy_without_repeats": _mean(right[fresh]),
        "low_without_repeats": fresh_low,
        "high_without_repeats": fresh_high,
        "balanced_accuracy": float(np.nanmean(recalls(counts))),
        "balanced_low": balanced_low,
        "balanced_high": balanced_high,
        "macro_f1": float(np.nanmean(f1(counts))),
        "f1_low": f1_low,
        "f1_high": f1_high,
        "log_loss": log_loss(probabilities, labels),
        "ece": ece(probabilities, labels),
        "ece_floor": ece_floor(probabilities),
        "by_expression": {
            name: {"faces": int(count), "recall": float(recall), "f1": float(score)}
            for name, count, recall, score in zip(
                NAMES, counts.sum(1), recalls(counts), f1(counts), strict=True
            )
        },
        "confusion": counts.tolist(),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve: how often a yes has the higher score, ties counted half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    yes = int(truth.sum())
    no = len(truth) - yes
    if not yes or not no:
        return float("nan")
    return float((ranks[truth].sum() - yes * (yes + 1) / 2) / (yes * no))
