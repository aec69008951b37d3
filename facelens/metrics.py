"""Metrics: accuracy, average precision, F1, balanced accuracy, calibration.

All take `probabilities` float (n, attributes) and `labels` bool (n, attributes) and return one
value per attribute; NaN if an attribute has no positive or no negative face. `known` bool
(n, attributes) says which labels there are, None if all: `of_known` leaves out the others.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

BINS = 15
_Z = 1.96  # 95 % of a normal distribution


def of_known(
    metric: Callable[..., np.ndarray],
    *tables: np.ndarray,
    known: np.ndarray | None,
    rows: np.ndarray | slice = slice(None),
) -> np.ndarray:
    """`metric` of each attribute over the faces whose label is known; NaN if there are none.

    Args:
        tables: what `metric` takes, each (n, attributes).
        rows: of which faces; a face may be there twice.
    """
    tables = tuple(table[rows] for table in tables)
    if known is None:
        return metric(*tables)
    known = known[rows]
    found = np.full(known.shape[1], np.nan)
    for a in np.flatnonzero(known.any(0)):
        found[a] = metric(*(table[known[:, a], a : a + 1] for table in tables))[0]
    return found


def mean(labels: np.ndarray) -> np.ndarray:
    """Share of faces with a yes."""
    return np.asarray(labels.mean(0))


def accuracy(probabilities: np.ndarray, labels: np.ndarray, cut: float = 0.5) -> np.ndarray:
    """Share of faces whose verdict agrees with the label."""
    return ((probabilities >= cut) == labels).mean(0)


def average_precision(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Area under the precision-recall steps, with ties counted together as in scikit-learn."""
    return np.array(
        [_average_precision(probabilities[:, a], labels[:, a]) for a in range(labels.shape[1])]
    )


def _average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    if truth.all() or not truth.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    scores, truth = scores[order], truth[order]
    last_of_tie = np.append(np.diff(scores) != 0, True)
    hits = np.cumsum(truth)[last_of_tie]
    precision = hits / (np.flatnonzero(last_of_tie) + 1)
    recall_steps = np.diff(hits, prepend=0) / hits[-1]
    return float((precision * recall_steps).sum())


def f1(probabilities: np.ndarray, labels: np.ndarray, cut: float = 0.5) -> np.ndarray:
    """Harmonic mean of precision and recall; 0 without a true positive."""
    called = probabilities >= cut
    hits = (called & labels).sum(0)
    total = called.sum(0) + labels.sum(0)
    return np.where(labels.any(0), 2 * hits / np.maximum(total, 1), np.nan)


def balanced_accuracy(
    probabilities: np.ndarray, labels: np.ndarray, cut: float = 0.5
) -> np.ndarray:
    """Mean of the true-positive and the true-negative rate."""
    called = probabilities >= cut
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = (called & labels).sum(0) / labels.sum(0)
        rejection = (~called & ~labels).sum(0) / (~labels).sum(0)
    return (recall + rejection) / 2


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Expected calibration error in 15 bins of equal width (Naeini et al., 2015)."""
    n, count = labels.shape
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    flat = (bins + BINS * np.arange(count)).ravel()
    gap = np.bincount(
        flat, (probabilities - labels).astype(np.float64).ravel(), minlength=BINS * count
    )
    return np.abs(gap.reshape(count, BINS)).sum(1) / n


def calibration_floor(probabilities: np.ndarray, *, draws: int = 100, seed: int = 0) -> np.ndarray:
    """The calibration error expected from sampling alone, with perfectly calibrated probabilities.

    Labels are drawn from the probabilities themselves; the result is the mean over `draws`.
    """
    rng = np.random.default_rng(seed)
    errors = [
        calibration_error(probabilities, rng.random(probabilities.shape) < probabilities)
        for _ in range(draws)
    ]
    return np.mean(errors, 0)


def resample_people(people: np.ndarray, *, draws: int, seed: int = 0) -> np.ndarray:
    """Weights int (draws, n) of a bootstrap over people: how often each face is in each resample.

    Faces of one person are correlated, so people are drawn with all their faces.
    """
    _, owner = np.unique(people, return_inverse=True)
    crowd = int(owner.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(crowd, np.full(crowd, 1 / crowd), size=draws)
    return drawn[:, owner]


def resampled_mean(
    values: np.ndarray, weights: np.ndarray, known: np.ndarray | None = None
) -> np.ndarray:
    """The mean of values (n, attributes) over faces and attributes in each resample, (draws,).

    Args:
        weights: as from `resample_people`.
    """
    if known is None:
        return np.asarray(weights @ values.mean(1) / np.maximum(weights.sum(1), 1))
    weights = weights.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (weights @ (values * known)) / (weights @ known)
    there = np.isfinite(shares)
    return np.where(there, shares, 0).sum(1) / np.maximum(there.sum(1), 1)


def interval(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of bootstrap `values`."""
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def wilson(hits: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of a proportion (Wilson, 1927); NaN if `total` is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / total
        centre = (share + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
        reach = _Z / (1 + _Z**2 / total) * np.sqrt(
            share * (1 - share) / total + _Z**2 / (4 * total**2)
        )  # fmt: skip
    return centre - reach, centre + reach


def without_nan(value: Any) -> Any:
    """Replace NaN and infinity, which JSON does not have, by None, in dictionaries and lists."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
