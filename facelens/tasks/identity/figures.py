"""How well similarities tell one person from two: accuracy, AUC, true accepts at a false rate."""

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDS, REPEATS = 10, 5  # of people, put into folds anew
DRAWS = 1000
FALSE_RATE = 0.01


def measure(
    scores: np.ndarray, same: np.ndarray, first: np.ndarray, second: np.ndarray,
    *, draws: int = DRAWS,
) -> dict[str, Any]:  # fmt: skip
    """The figures of pairs, each with its 95 % interval by bootstrap over people.

    Args:
        scores: float (n,), how alike the two of each pair are.
        same: bool (n,), whether they are one person.
        first, second: int (n,), the two people.
    """
    fitted = [cross_fitted(scores, same, first, second, seed=seed) for seed in range(REPEATS)]
    right, cuts = (np.mean(each, 0) for each in zip(*fitted, strict=True))
    ways: dict[str, Callable[[np.ndarray], float]] = {
        "accuracy": lambda w: float(w @ right / w.sum()),
        "auc": lambda w: auc(scores, same, w),
        "true_accept_at_1_percent_false": lambda w: true_accepts(scores, same, w),
    }
    drawn = _weights(first, second, draws)
    whole = np.ones(len(scores))
    found: dict[str, Any] = {}
    for name, way in ways.items():
        values = [way(w) for w in drawn if w[same].sum() and w[~same].sum()]
        found[name] = way(whole)
        found[f"{name}_interval"] = list(metrics.interval(np.array(values)))
    return found | {"threshold": float(np.median(cuts))}


def _weights(first: np.ndarray, second: np.ndarray, draws: int) -> np.ndarray:
    """How often each pair is in each resample of people, float (draws, n).

    A pair of two people is there as often as both are together: the product of their counts.
    """
    crowd = int(max(first.max(), second.max())) + 1
    drawn = np.random.default_rng(0).multinomial(crowd, np.full(crowd, 1 / crowd), size=draws)
    return np.where(first == second, drawn[:, first], drawn[:, first] * drawn[:, second]).astype(
        np.float64
    )


def cross_fitted(
    scores: np.ndarray, same: np.ndarray, first: np.ndarray, second: np.ndarray, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each pair is told rightly, bool (n,), and the threshold for it, float (n,).

    People are put into ten folds. A pair's threshold comes from the pairs that have nobody in the
    folds of its two people, so nobody is on both sides; if there are none of either kind, from all
    pairs but those of the two folds that are measured.
    """
    crowd = int(max(first.max(), second.max())) + 1
    folds = min(FOLDS, max(crowd // 2, 2))
    fold = np.random.default_rng(seed).permutation(np.arange(crowd) % folds)
    low = np.minimum(fold[first], fold[second])
    high = np.maximum(fold[first], fold[second])
    cuts = np.zeros(len(scores))
    for a, b in combinations_with_replacement(range(folds), 2):
        asked = (low == a) & (high == b)
        if not asked.any():
            continue
        apart = ~np.isin(low, (a, b)) & ~np.isin(high, (a, b))
        learnt = next(
            (rows for rows in (apart, ~asked) if same[rows].any() and not same[rows].all()),
            np.ones(len(scores), bool),
        )
        cuts[asked] = best_threshold(scores[learnt], same[learnt])
    return (scores >= cuts) == same, cuts


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold with the most right answers, in the middle between two scores."""
    order = np.argsort(scores, kind="stable")
    rising, truth = scores[order], same[order]
    # Right answers if everything from place i on is accepted.
    right = np.append(truth[::-1].cumsum()[::-1], 0) + np.append(0, (~truth).cumsum())
    between = np.append(True, np.diff(rising) > 0)
    right[:-1][~between] = -1
    at = int(right.argmax())
    below = rising[at - 1] if at else rising[0] - 1e-6
    above = rising[at] if at < len(rising) else rising[-1] + 1e-6
    return float((below + above) / 2)


def auc(scores: np.ndarray, same: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The share of (one person, two people) in which the former is more alike, ties by half."""
    w = np.ones(len(scores)) if weights is None else weights
    _, place = np.unique(scores, return_inverse=True)
    one = np.bincount(place, w * same)
    two = np.bincount(place, w * ~same)
    below = np.cumsum(two) - two
    return float((one * (below + two / 2)).sum() / (one.sum() * two.sum()))


def true_accepts(
    scores: np.ndarray, same: np.ndarray, weights: np.ndarray | None = None,
    rate: float = FALSE_RATE,
) -> float:  # fmt: skip
    """The share of pairs of one person that are accepted where at most `rate` of two are."""
    w = np.ones(len(scores)) if weights is None else weights
    cut = threshold(scores[~same], w[~same], rate)
    return float(w[same] @ (scores[same] > cut) / w[same].sum())


def threshold(scores: np.ndarray, weights: np.ndarray, rate: float) -> float:
    """The least score that at most a share `rate` of the weight exceeds."""
    order = np.argsort(-scores, kind="stable")
    falling, over = scores[order], np.cumsum(weights[order])
    # What exceeds falling[i] weighs no more than all before it.
    allowed = np.flatnonzero(over > rate * over[-1])
    return float(falling[allowed[0]])


def of_faces(
    embeddings: np.ndarray, people: np.ndarray, *, bins: int = 4000, rows: int = 1024
) -> dict[str, float]:
    """AUC and true accepts of all pairs of faces, by histogram: there are millions.

    Args:
        embeddings: unit float32 (n, d).
        people: int (n,).
    """
    counts = np.zeros((2, bins), np.int64)
    for start in range(0, len(people), rows):
        stop = min(start + rows, len(people))
        dots = embeddings[start:stop] @ embeddings.T
        later = np.arange(len(people))[None] > np.arange(start, stop)[:, None]
        same = people[start:stop, None] == people[None]
        places = np.clip(((dots + 1) / 2 * bins).astype(np.int64), 0, bins - 1)
        for kind, chosen in enumerate((~same & later, same & later)):
            counts[kind] += np.bincount(places[chosen], minlength=bins)
    two, one = counts[0].astype(float), counts[1].astype(float)
    if not two.sum() or not one.sum():
        return {"auc": float("nan"), **{name: float("nan") for name in _RATES}}
    below = np.cumsum(two) - two
    found = {"auc": float((one * (below + two / 2)).sum() / (one.sum() * two.sum()))}
    exceed = two[::-1].cumsum()[::-1] / two.sum()  # share at or above each bin
    for name, rate in _RATES.items():
        at = int(np.argmax(exceed <= rate)) if (exceed <= rate).any() else bins
        found[name] = float(one[at:].sum() / one.sum())
    return found


_RATES = {
    "true_accept_at_1_percent_false": 0.01,
    "true_accept_at_1_in_1000_false": 0.001,
}


def summary(embeddings: np.ndarray, people: np.ndarray, *, draws: int = 200) -> dict[str, Any]:
    """The figures of all pairs of faces, with intervals over people.

    The intervals are of all pairs of one person and as many of two, at random, as can be drawn
    again and again.
    """
    found: dict[str, Any] = {
        "faces": len(people), "people": len(np.unique(people)), **of_faces(embeddings, people),
    }  # fmt: skip
    first, second = drawn_pairs(people)
    _, owner = np.unique(people, return_inverse=True)
    same = owner[first] == owner[second]
    if not same.any() or same.all():
        return found
    scores = np.einsum("nd,nd->n", embeddings[first], embeddings[second]).astype(np.float64)
    weights = _weights(owner[first], owner[second], draws)
    for name, way in {
        "auc": auc, "true_accept_at_1_percent_false": true_accepts,
    }.items():  # fmt: skip
        values = [way(scores, same, w) for w in weights if w[same].sum() and w[~same].sum()]
        found[f"{name}_interval"] = list(metrics.interval(np.array(values)))
    return found


def drawn_pairs(people: np.ndarray, *, most: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of faces, int (n,) each: those of one person, and of two, at most `most` of each."""
    rng = np.random.default_rng(0)
    _, owner = np.unique(people, return_inverse=True)
    order = np.argsort(owner, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1)
    same = np.concatenate(
        [np.stack(np.triu_indices(len(group), 1)) * 0 if len(group) < 2 else
         group[np.stack(np.triu_indices(len(group), 1))] for group in groups], 1,
    )  # fmt: skip
    if len(people) ** 2 <= 2 * most:
        other = np.stack(np.triu_indices(len(people), 1))
    else:
        other = rng.integers(0, len(people), (2, 2 * most))
    other = other[:, owner[other[0]] != owner[other[1]]][:, :most]
    same = same[:, rng.permutation(same.shape[1])[:most]]
    first, second = np.concatenate([same, other], 1)
    return first, second


def by_group(
    embeddings: np.ndarray,
    people: np.ndarray,
    groups: dict[str, np.ndarray],
    cut: float,
    *,
    draws: int = 200,
) -> dict[str, dict[str, Any]]:
    """False rejects and false accepts at one threshold within each group of faces.

    Args:
        groups: bool (n,) by title: which faces. Both of a pair are in the group.
        cut: the threshold, the same for all.

    Returns:
        dict: `faces`, `people`; `error`, `low`, `high` of false rejects, and the same of
        `false_accept`; "too few" with fewer than twenty pairs.
    """
    found = {}
    for title, chosen in groups.items():
        rows = np.flatnonzero(chosen)
        about: dict[str, Any] = {"faces": len(rows), "people": len(np.unique(people[rows]))}
        found[title] = about | {"error": TOO_FEW, "low": None, "high": None}
        if len(rows) < 2:
            continue
        first, second = (rows[side] for side in drawn_pairs(people[rows]))
        _, owner = np.unique(people, return_inverse=True)
        same = owner[first] == owner[second]
        if min(same.sum(), (~same).sum()) < LEAST_PAIRS:
            continue
        scores = np.einsum("nd,nd->n", embeddings[first], embeddings[second])
        weights = _weights(owner[first], owner[second], draws)
        for name, kind, wrong in (
            ("error", same, scores < cut), ("false_accept", ~same, scores >= cut),
        ):  # fmt: skip
            totals = np.maximum(weights[:, kind].sum(1), 1e-9)
            drawn = metrics.interval(weights[:, kind] @ wrong[kind] / totals)
            # Of none in twenty a bootstrap is sure that there never is one.
            least, most = metrics.wilson(np.array(wrong[kind].sum()), np.array(kind.sum()))
            low, high = min(drawn[0], float(least)), max(drawn[1], float(most))
            prefix = "" if name == "error" else f"{name}_"
            about |= {name: float(wrong[kind].mean()), f"{prefix}low": low, f"{prefix}high": high}
        found[title] = about | {"pairs_of_one": int(same.sum()), "pairs_of_two": int((~same).sum())}
    return found


TOO_FEW, LEAST_PAIRS = "too few", 20
