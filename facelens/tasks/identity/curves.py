"""From a rate of false accepts to a similarity, as measured on people who are nobody's training.

A threshold is never one number for all networks and all uses: it is read from the curve of the very
network, at the rate of strangers that somebody is willing to take for an enrolled person.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from facelens import metrics

# Shares of strangers that are accepted, falling; the last needs a hundred thousand pairs.
RATES = (
    0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001, 0.0005, 0.0003, 0.0002, 0.0001,
    0.00005, 0.00002, 0.00001,
)  # fmt: skip
# Of what strangers is one taken for somebody enrolled, unless another rate is asked for.
DEFAULT_RATE = 0.01
LEAST_RATE, MOST_RATE = 0.0001, 0.2  # that may be asked for, of a whole gallery
_LEAST_DRAWS = 20


@dataclass(frozen=True, eq=False)
class Curve:
    """The similarity that a share of strangers exceeds, float64 (rates,) of `RATES`.

    `low`, `high`: 95 % interval by bootstrap over people. `pairs`: of strangers that were compared.
    """

    cuts: np.ndarray
    low: np.ndarray
    high: np.ndarray
    pairs: int

    def threshold(self, rate: float) -> float:
        """The similarity that a share `rate` of strangers exceeds."""
        return self._at(self.cuts, rate)

    def interval(self, rate: float) -> tuple[float, float]:
        """The 95 % interval of the same."""
        return self._at(self.low, rate), self._at(self.high, rate)

    def rate(self, similarity: float) -> float:
        """The share of strangers that exceed `similarity`, no less and no more than in `RATES`."""
        return float(np.exp(np.interp(similarity, self.cuts, np.log(RATES))))

    @staticmethod
    def _at(cuts: np.ndarray, rate: float) -> float:
        # Rates are even in their logarithm, and np.interp wants them rising.
        return float(np.interp(np.log(rate), np.log(RATES)[::-1], cuts[::-1]))

    @property
    def is_valid(self) -> bool:
        """Whether the numbers can be similarities, rising as the rate falls."""
        tables = (self.cuts, self.low, self.high)
        return (
            all(table.shape == (len(RATES),) and np.isfinite(table).all() for table in tables)
            and all(np.abs(table).max() <= 1 for table in tables)
            and bool((np.diff(self.cuts) >= 0).all())
        )

    def as_json(self) -> dict[str, Any]:
        """The curve for JSON, in four digits."""
        tables = {"cuts": self.cuts, "low": self.low, "high": self.high}
        return {name: np.round(table, 4).tolist() for name, table in tables.items()} | {
            "pairs": self.pairs
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Read what `as_json` wrote.

        Raises:
            ValueError: it cannot be a curve.
        """
        cuts, low, high = (np.asarray(values[name], np.float64) for name in ("cuts", "low", "high"))
        curve = cls(cuts, low, high, int(values["pairs"]))
        if not curve.is_valid:
            raise ValueError("curve")
        return curve


def per_person(rate: float, people: int) -> float:
    """The rate of each of `people` that makes `rate` for the whole gallery, were they independent.

    A stranger is compared with everybody: 1 - (1 - p)^N = rate.
    """
    return float(1 - (1 - rate) ** (1 / people))


def strangers(
    similarities: np.ndarray, first: np.ndarray, second: np.ndarray, *, draws: int = 100
) -> Curve:
    """The curve of pairs of two different people each.

    Args:
        similarities: float (n,), of the pairs.
        first, second: int (n,), the two people of each.
        draws: of the bootstrap over people; a pair weighs the product of its two people.
    """
    order = np.argsort(-similarities, kind="stable")
    scores, first, second = (table[order] for table in (similarities, first, second))
    crowd = int(max(first.max(), second.max())) + 1
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(max(draws, _LEAST_DRAWS)):
        weights = np.bincount(rng.integers(0, crowd, crowd), minlength=crowd).astype(np.float32)
        drawn.append(_cuts(scores, weights[first] * weights[second]))
    low, high = np.array([metrics.interval(each) for each in np.array(drawn).T]).T
    cuts = _cuts(scores, np.ones(len(scores), np.float32))
    return Curve(cuts, np.fmin(low, cuts), np.fmax(high, cuts), len(scores))


def _cuts(falling: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The score that a share of the weight exceeds, for each of `RATES`; scores are falling."""
    total = np.cumsum(weights, dtype=np.float64)
    at = np.searchsorted(total, np.array(RATES) * total[-1], side="left")
    return falling[np.minimum(at, len(falling) - 1)].astype(np.float64)


@dataclass(frozen=True, eq=False)
class Curves:
    """What a network's similarities mean.

    `photo`: of one photo against another. `mean`: of one photo against the mean of several, as a
    gallery holds. `margin`: where the nearest of several people is the wrong one, it is nearer than
    the second by no more than this 95 times of 100.
    """

    photo: Curve
    mean: Curve
    margin: float
    measured_on: str = ""

    def as_json(self) -> dict[str, Any]:
        """The curves for JSON."""
        return {
            "rates": list(RATES),
            "photo": self.photo.as_json(),
            "mean": self.mean.as_json(),
            "margin": round(self.margin, 4),
            "measured_on": self.measured_on,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Read what `as_json` wrote.

        Raises:
            ValueError: the curves are for other rates, or cannot be.
        """
        margin, on = float(values["margin"]), str(values["measured_on"])
        if tuple(values["rates"]) != RATES or not 0 <= margin <= 2:
            raise ValueError("curves")
        photo, mean = (Curve.from_json(values[name]) for name in ("photo", "mean"))
        return cls(photo, mean, margin, on)


ENROLLED, GALLERY = 5, 10  # photos that a mean is of, people of a gallery to choose from


def measure(
    embeddings: np.ndarray, people: np.ndarray, measured_on: str = "", *, most: int = 2_000_000
) -> Curves:
    """Measure the curves on faces of many people.

    Args:
        embeddings: unit float32 (n, d).
        people: int (n,), who is on each face.
        measured_on: what is said of these faces.
        most: pairs of strangers, drawn at random if there are more.
    """
    _, owner = np.unique(people, return_inverse=True)
    rng = np.random.default_rng(0)
    one = rng.integers(0, len(owner), (2, 2 * most))
    if len(owner) ** 2 <= 2 * most:
        one = np.stack(np.triu_indices(len(owner), 1))
    one = one[:, owner[one[0]] != owner[one[1]]][:, :most]
    photo = strangers(_dots(embeddings, embeddings, *one), owner[one[0]], owner[one[1]])
    means, whose, probes = enrolled(embeddings, owner, rng)
    pairs = np.stack(np.meshgrid(probes, np.arange(len(whose)), indexing="ij")).reshape(2, -1)
    pairs = pairs[:, owner[pairs[0]] != whose[pairs[1]]]
    if not pairs.shape[1]:  # a single person has several photos
        return Curves(photo, photo, 0.0, measured_on)
    if pairs.shape[1] > most:
        pairs = pairs[:, rng.permutation(pairs.shape[1])[:most]]
    mean = strangers(_dots(embeddings, means, *pairs), owner[pairs[0]], whose[pairs[1]])
    margin = _margin(embeddings[probes], owner[probes], means, whose, rng)
    return Curves(photo, mean, margin, measured_on)


def enrolled(
    embeddings: np.ndarray, owner: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The means of up to `ENROLLED` photos of each person who has one more, whose, and the rest.

    Returns:
        tuple: unit float32 (m, d); int (m,); int (k,), the faces that are in no mean.
    """
    means, whose, rest = [], [], []
    for person in np.unique(owner):
        mine = rng.permutation(np.flatnonzero(owner == person))
        count = min(ENROLLED, len(mine) - 1)
        if count > 0:
            means.append(mean_of(embeddings[mine[:count]]))
            whose.append(person)
        rest += mine[count:].tolist()
    return np.array(means, np.float32), np.array(whose), np.array(sorted(rest))


def mean_of(embeddings: np.ndarray) -> np.ndarray:
    """The unit mean float32 (d,) of unit embeddings (n, d)."""
    mean = embeddings.mean(0)
    return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)


def _dots(
    first: np.ndarray, second: np.ndarray, i: np.ndarray, j: np.ndarray, size: int = 100_000
) -> np.ndarray:
    """The similarities float32 (n,) of rows i of one table and j of another."""
    parts = [
        np.einsum("nd,nd->n", first[i[at : at + size]], second[j[at : at + size]])
        for at in range(0, len(i), size)
    ]
    return np.concatenate(parts)


def _margin(
    probes: np.ndarray,
    owner: np.ndarray,
    means: np.ndarray,
    whose: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """How much nearer than the second the nearest is where it is wrong, 95 times of 100.

    Each probe of a person with a mean is compared with that and `GALLERY` - 1 others' at random.
    """
    place = {person: at for at, person in enumerate(whose.tolist())}
    known = [i for i, person in enumerate(owner.tolist()) if person in place]
    others = min(GALLERY - 1, len(whose) - 1)
    if not known or others < 1:
        return 0.0
    wrong = []
    for i in known:
        own = place[int(owner[i])]
        drawn = rng.choice(len(whose) - 1, others, replace=False)
        drawn += drawn >= own
        best, right = np.sort(means[drawn] @ probes[i])[::-1], float(means[own] @ probes[i])
        if best[0] > right:
            wrong.append(best[0] - max(right, best[1] if others > 1 else -1.0))
    return float(np.percentile(wrong, 95)) if wrong else 0.0
