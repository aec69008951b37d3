"""What a yes means among people unlike the data's: the base rate, and the cost of a mistake."""

from dataclasses import dataclass

import numpy as np

from facelens.metrics import interval
from facelens.tasks.attributes.curves import GRID, Curves

DRAWS = 300


@dataclass(frozen=True)
class Share:
    """A share from 0 to 1 with its 95 % interval; NaN if it is unknown."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Cheapest:
    """The thresholds of least expected cost, float (attributes,), with their 95 % intervals.

    The interval is NaN if it is not known on how many faces the curves were measured.
    """

    thresholds: np.ndarray
    low: np.ndarray
    high: np.ndarray


def right_among(base_rate: float, recall: float, fpr: float) -> float:
    """The share of yeses that are right among people of whom the share `base_rate` is one.

    Bayes' rule: p' = πr / (πr + (1 - π)f) with base rate π, recall r and false-positive rate f.
    NaN if nobody gets a yes. It holds where faces differ from the validation faces in the base
    rate alone, not in how they look.
    """
    right, wrong = base_rate * recall, (1 - base_rate) * fpr
    return right / (right + wrong) if right + wrong > 0 else float("nan")


def yes_among(curves: Curves, name: str, threshold: float, base_rate: float) -> Share:
    """`right_among` for the attribute `name` at `threshold`, with its 95 % interval.

    Recall and false-positive rate are measured on different faces; the interval of their ratio
    combines those of both (MOVER-R, Donner & Zou, 2012), and that of the share follows from it.
    """
    unknown = Share(float("nan"), float("nan"), float("nan"))
    if not np.isfinite(threshold):
        return unknown
    at = curves.names.index(name), round(float(np.float32(threshold)) * 100)
    r, r_low, r_high = (
        float(column[at]) for column in (curves.recall, curves.recall_low, curves.recall_high)
    )
    f, f_low, f_high = (
        float(column[at]) for column in (curves.fpr, curves.fpr_low, curves.fpr_high)
    )
    value = right_among(base_rate, r, f)
    if not np.isfinite(value):
        return unknown
    low = _share(base_rate, _ratio_limit(f, r, f_high, r_low, 1))
    high = _share(base_rate, _ratio_limit(f, r, f_low, r_high, -1))
    return Share(value, min(value, low), max(value, high))


def _ratio_limit(f: float, r: float, end: float, other: float, sign: int) -> float:
    """One limit of f / r, from one limit `end` of f and the opposite limit `other` of r."""
    under = max(0.0, (f * r) ** 2 - end * other * (2 * f - end) * (2 * r - other))
    below = other * (2 * r - other)
    return max(0.0, (f * r + sign * under**0.5) / below) if below > 0 else float("inf")


def _share(base_rate: float, ratio: float) -> float:
    return 0.0 if np.isinf(ratio) else base_rate / (base_rate + (1 - base_rate) * ratio)


def cheapest(
    curves: Curves, ratio: float, *, faces: int | None = None, draws: int = DRAWS, seed: int = 0
) -> Cheapest:
    """The threshold of each attribute that costs least if a false yes is as bad as `ratio` noes.

    The expected cost on validation faces is ratio · (1 - π)f + π(1 - r), over the 101 thresholds;
    of several that cost least, the lowest. `faces`: on how many the curves were measured.

    A bundle has no single answers, but curves and `faces` give the counts of labelled and other
    faces between any two thresholds, and the cost depends on nothing else: resampling these counts
    is the bootstrap over faces. Faces of one person count as independent.
    """
    rate = curves.prevalence[:, None].astype(np.float64)
    recall, fpr = (np.nan_to_num(each.astype(np.float64)) for each in (curves.recall, curves.fpr))
    best = GRID[(ratio * (1 - rate) * fpr + rate * (1 - recall)).argmin(1)]
    if not faces:
        unknown = np.full(len(curves.names), np.nan)
        return Cheapest(best, unknown, unknown)
    rng = np.random.default_rng(seed)
    ends = []
    for a in range(len(curves.names)):
        positive = round(float(rate[a, 0]) * faces)
        counts = np.concatenate([_between(recall[a], positive), _between(fpr[a], faces - positive)])
        drawn = rng.multinomial(faces, counts / counts.sum(), size=draws)
        # How many get a yes at each threshold: all that lie at or above it.
        above = drawn.reshape(draws, 2, len(GRID))[:, :, ::-1].cumsum(2)[:, :, ::-1]
        cost = ratio * above[:, 1] + (above[:, 0, :1] - above[:, 0])
        ends.append(interval(GRID[cost.argmin(1)]))
    low, high = np.array(ends).T
    return Cheapest(best, low, high)


def _between(rate: np.ndarray, total: int) -> np.ndarray:
    """How many of `total` faces lie from each threshold to the next, from the share at or above."""
    above = np.rint(rate * total)
    return np.maximum(0, above - np.append(above[1:], 0))
