"""Thresholds whose precision is guaranteed: Learn then Test (Angelopoulos et al., 2021).

Of the faces that get a yes at least 90 % are labelled so: for each attribute by itself that holds
with 95 % confidence over draws of the validation faces, whatever the network and however well it is
calibrated. If no threshold can be shown to reach it, the attribute has none.
"""

import math

import numpy as np

from facelens.tasks.attributes.calibrate import fit_temperature, sigmoid
from facelens.tasks.attributes.curves import GRID

PRECISION = 0.9
CONFIDENCE = 0.95
# The share of people whose faces say where to begin; the others' faces are for the test alone.
LEARN = 0.25


def thresholds(
    logits: np.ndarray,
    labels: np.ndarray,
    people: np.ndarray,
    temperature: np.ndarray,
    *,
    known: np.ndarray | None = None,
    precision: float = PRECISION,
    confidence: float = CONFIDENCE,
) -> np.ndarray:
    """The lowest threshold of each attribute that passes, float32 (attributes,), else NaN.

    Split fixed-sequence testing: a quarter of the people choose an attribute's first threshold; on
    the others' faces it is tested, then the next lower one, until one fails. Each is a test of the
    hypothesis that a smaller share than `precision` of the yeses is right, at level
    1 - `confidence`, and since the order is fixed before these faces are seen, all that pass hold
    at once with that confidence.

    Args:
        logits: float (n, attributes). labels: bool (n, attributes). people: (n,), who it is.
        temperature: (attributes,), divides the logits on the page: the unit of the result.
        known: bool (n, attributes), which labels there are; None if all.
    """
    there = np.ones_like(labels) if known is None else known
    _, person = np.unique(people, return_inverse=True)
    chance = np.random.default_rng(1).permutation(person.max() + 1) / (person.max() + 1)
    learn = chance[person] < LEARN
    if not learn.any() or learn.all():
        return np.full(logits.shape[1], np.nan, np.float32)
    # Cuts of the raw logit: nothing of the faces for the test may move them.
    inner = GRID[1:-1]
    fitted = fit_temperature(logits[learn], labels[learn], None if known is None else known[learn])
    cuts = fitted[:, None] * np.log(inner / (1 - inner))
    found = []
    for a in range(logits.shape[1]):
        risk, level = 1 - precision, 1 - confidence
        first, other = learn & there[:, a], ~learn & there[:, a]
        if not first.any():
            found.append(math.nan)
            continue
        order = sequence(logits[first, a], labels[first, a], cuts[a], risk, other.sum())
        rest = (logits[other, a], labels[other, a], person[other])
        found.append(passed(*rest, order, risk=risk, level=level))
    return sigmoid(np.array(found) / temperature).astype(np.float32)


def about(people: np.ndarray) -> dict[str, float]:
    """What a bundle's metrics say of its guarantee: at what level, and on which faces."""
    count = len(np.unique(people))
    return {
        "precision": PRECISION, "confidence": CONFIDENCE, "faces": len(people), "people": count,
    }  # fmt: skip


def sequence(
    logits: np.ndarray, labels: np.ndarray, cuts: np.ndarray, risk: float, faces: int
) -> np.ndarray:
    """The `cuts`, in rising order, from the most promising one down, in the order of the test.

    Most promising is that with the smallest p-value if `faces` other faces were like these.
    """
    share = faces / len(logits)
    hoped = [
        binomial_p(round(share * wrong), round(share * total), risk)
        for wrong, total in (count(logits >= cut, labels) for cut in cuts)
    ]
    return cuts[: int(np.argmin(hoped)) + 1][::-1]


def passed(
    logits: np.ndarray,
    labels: np.ndarray,
    person: np.ndarray,
    order: np.ndarray,
    *,
    risk: float,
    level: float,
) -> float:
    """The last cut of `order` before the first that fails for one attribute, NaN if none passes."""
    last = math.nan
    for cut in order:
        if p_value(logits >= cut, labels, person, risk) > level:
            break
        last = float(cut)
    return last


def count(said: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """How many of the faces that get a yes are not labelled so, and how many get one."""
    return int((said & ~labels).sum()), int(said.sum())


def p_value(said: np.ndarray, labels: np.ndarray, person: np.ndarray, risk: float) -> float:
    """How likely so few wrong yeses are if their share is `risk` or more.

    The larger of two: exact if faces are independent, and for many people if only people are, since
    the faces of one person err together.
    """
    wrong, total = count(said, labels)
    return max(binomial_p(wrong, total, risk), people_p(said, labels, person, risk))


def binomial_p(wrong: int, total: int, risk: float) -> float:
    """P(at most `wrong` of `total`) where each is wrong with probability `risk`."""
    if wrong >= total:
        return 1.0
    k = np.arange(wrong + 1)
    logs = _log_factorials(total)
    terms = logs[total] - logs[k] - logs[total - k] + k * math.log(risk)
    terms += (total - k) * math.log1p(-risk)
    return float(min(1.0, np.exp(terms).sum()))


def people_p(said: np.ndarray, labels: np.ndarray, person: np.ndarray, risk: float) -> float:
    """The same by the central limit theorem over people: what each adds to the wrong yeses."""
    _, who = np.unique(person[said], return_inverse=True)
    if not len(who):
        return 1.0
    excess = np.bincount(who, (~labels[said]) - risk)
    spread = math.sqrt(float(np.square(excess - excess.mean()).sum()))
    z = float(excess.sum()) / spread if spread else -math.inf
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _log_factorials(most: int) -> np.ndarray:
    """log(k!) for k from 0 to `most`."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
