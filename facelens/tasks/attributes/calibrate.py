"""Temperatures, operating points and curves from validation faces."""

import numpy as np

from facelens import metrics
from facelens.metrics import wilson
from facelens.tasks.attributes.curves import GRID, Curves

FOLDS = 5
_Z = 1.96  # 95 % of a normal distribution
_FEWEST = 20  # called faces below which a measured precision says nothing
_PRECISION_FLOOR = 0.5


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits to probabilities, in float64."""
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -80, 80)))


def fit_temperature(
    logits: np.ndarray, labels: np.ndarray, known: np.ndarray | None = None
) -> np.ndarray:
    """The temperature of each attribute that makes `labels` likeliest, float32 (attributes,).

    Golden-section search on its logarithm between 1/5 and 5; the loss has one minimum. It is 1 for
    an attribute of which no label is `known`.
    """
    if known is not None:
        fitted = metrics.of_known(fit_temperature, logits, labels, known=known)
        return np.nan_to_num(fitted, nan=1.0).astype(np.float32)
    low = np.full(logits.shape[1], -np.log(5.0))
    high = -low

    def loss(log_temperature: np.ndarray) -> np.ndarray:
        z = logits / np.exp(log_temperature)
        return (np.logaddexp(0, z) - z * labels).mean(0)

    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        lower = loss(left) < loss(right)
        high, low = np.where(lower, right, high), np.where(lower, low, left)
    return np.exp((low + high) / 2).astype(np.float32)


def cross_fit(
    logits: np.ndarray, labels: np.ndarray, people: np.ndarray, known: np.ndarray | None = None
) -> np.ndarray:
    """Probabilities of each face with temperatures fitted on other people's faces."""
    _, person = np.unique(people, return_inverse=True)
    fold = np.random.default_rng(0).permutation(person.max() + 1)[person] % FOLDS
    probabilities = np.empty(logits.shape)
    for i in range(FOLDS):
        held = fold == i
        rest = None if known is None else known[~held]
        temperature = fit_temperature(logits[~held], labels[~held], rest)
        probabilities[held] = sigmoid(logits[held] / temperature)
    return probabilities


def measure(
    names: tuple[str, ...],
    probabilities: np.ndarray,
    labels: np.ndarray,
    known: np.ndarray | None = None,
) -> Curves:
    """What each of the 101 thresholds means on these faces, of those whose label is known."""
    there = np.ones_like(labels) if known is None else known
    labels = labels & there
    positives = labels.sum(0)[:, None]
    negatives = (~labels & there).sum(0)[:, None]
    called = np.stack([((probabilities >= cut) & there).sum(0) for cut in GRID], 1)
    hits = np.stack([((probabilities >= cut) & labels).sum(0) for cut in GRID], 1)
    columns: dict[str, np.ndarray] = {}
    for name, count, total in (
        ("precision", hits, called),
        ("recall", hits, np.broadcast_to(positives, hits.shape)),
        ("fpr", called - hits, np.broadcast_to(negatives, hits.shape)),
    ):
        with np.errstate(invalid="ignore", divide="ignore"):
            columns[name] = count / total
        columns[f"{name}_low"], columns[f"{name}_high"] = wilson(count, total)
    doubt = [
        doubt_band(probabilities[there[:, a], a], labels[there[:, a], a]) for a in range(len(names))
    ]
    return Curves(
        names,
        **columns,
        doubt_low=np.stack([low for low, _ in doubt]),
        doubt_high=np.stack([high for _, high in doubt]),
        prevalence=metrics.of_known(metrics.mean, labels, known=known),
        ap=metrics.of_known(metrics.average_precision, probabilities, labels, known=known),
        ece=metrics.of_known(metrics.calibration_error, probabilities, labels, known=known),
    )


def doubt_band(probabilities: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities that cannot be told from each threshold, two float arrays (101,).

    A logistic curve is fitted to the truth over the logit; a probability is within the band of
    a threshold where the curve's 95 % interval holds that threshold.
    """
    z = np.log(np.clip(probabilities, 1e-9, 1)) - np.log(np.clip(1 - probabilities, 1e-9, 1))
    beta, covariance = _logistic(z, truth)
    fine = np.linspace(-9, 9, 1801)
    centre = beta[0] + beta[1] * fine
    points = np.stack([np.ones_like(fine), fine], 1)
    reach = _Z * np.sqrt(np.einsum("ij,jk,ik->i", points, covariance, points))
    low, high = GRID.copy(), GRID.copy()
    for i, cut in enumerate(GRID[1:-1], 1):
        wanted = np.log(cut / (1 - cut))
        within = sigmoid(fine[np.abs(centre - wanted) <= reach])
        if len(within):
            low[i], high[i] = min(cut, within.min()), max(cut, within.max())
    return low, high


def _logistic(z: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit truth ~ sigmoid(b0 + b1 z) by Newton's method; the coefficients and their covariance.

    A light pull towards the identity keeps a perfectly split attribute finite.
    """
    x = np.stack([np.ones_like(z), z], 1)
    identity, pull = np.array([0.0, 1.0]), 1e-2

    def loss(beta: np.ndarray) -> float:
        logits = x @ beta
        away = beta - identity
        return float((np.logaddexp(0, logits) - logits * truth).sum() + pull / 2 * away @ away)

    def curvature(beta: np.ndarray) -> np.ndarray:
        p = sigmoid(x @ beta)
        return (x * (p * (1 - p))[:, None]).T @ x + pull * np.eye(2)

    beta = identity
    for _ in range(50):
        slope = x.T @ (sigmoid(x @ beta) - truth) + pull * (beta - identity)
        step = np.linalg.solve(curvature(beta), slope)
        # Far from the minimum a whole step may overshoot.
        while loss(beta - step) > loss(beta) and np.abs(step).max() > 1e-9:
            step = step / 2
        beta = beta - step
        if np.abs(step).max() < 1e-6:
            break
    return beta, np.linalg.inv(curvature(beta))


def operating_points(curves: Curves, faces: int | np.ndarray) -> dict[str, np.ndarray]:
    """The named thresholds from `curves` measured on `faces` faces; NaN where out of reach.

    Args:
        faces: one number, or that of each attribute.
    """
    precision = np.nan_to_num(curves.precision)
    recall, fpr = curves.recall, curves.fpr
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    # An uninformative score has its best F1 where all are called: ask for some precision.
    trusted = np.where(precision >= _PRECISION_FLOOR, f1, -1)
    best = np.where(trusted.max(1) > 0, trusted.argmax(1), f1.argmax(1))
    # A lucky handful of faces is no precision: the threshold must have called a few.
    called = (
        recall * curves.prevalence[:, None] + fpr * (1 - curves.prevalence[:, None])
    )  # fmt: skip
    enough = called * np.reshape(faces, (-1, 1)) >= _FEWEST
    reached = (precision >= 0.9) & enough
    precision90 = np.where(reached.any(1), GRID[reached.argmax(1)], np.nan)
    return {
        "half": np.full(len(curves.names), 0.5, np.float32),
        "f1": GRID[best].astype(np.float32),
        "balanced": GRID[(recall - fpr).argmax(1)].astype(np.float32),
        "precision90": precision90.astype(np.float32),
    }
