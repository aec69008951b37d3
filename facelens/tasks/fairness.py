"""The fairness gate: where a network errs more than twice as often on one group as on another.

A group is a mapping with `faces`, `error` (or "too few"), `low`, `high` and, by attribute, `errors`
of `value`, `low` and `high`: as in `config.metrics` of a bundle and `facelens evaluate --json`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from facelens import metrics

RATIO = 2.0
TOO_FEW = 20  # faces of a group
RULE = (
    "a warning if a group's error is more than twice another's and their 95 % intervals do not "
    f"overlap; groups under {TOO_FEW} faces are too few to tell"
)
NO_GROUPS = (
    "Errors were not measured by group, for lack of group labels: whether it errs more on some "
    "people than on others is not known."
)
BASE_RATE = (
    "Where hardly anyone in a group has a yes, always saying no is right there: read these beside "
    "the share of yes that is found."
)
_ALL = "all attributes"


@dataclass(frozen=True)
class Gap:
    """A group whose error is more than twice another's.

    `what`: an attribute, or all of them. `unit`: "%" for shares of wrong answers, else as errors
    are given. `errors`, `faces`: of the worse group, then of the better one.
    """

    what: str
    worse: str
    better: str
    errors: tuple[float, float]
    faces: tuple[int, int]
    unit: str = "%"

    @property
    def ratio(self) -> float:
        return self.errors[0] / self.errors[1] if self.errors[1] else math.inf

    def __str__(self) -> str:
        first, second = (
            f"{100 * error:.1f} % wrong" if self.unit == "%" else f"{error:.3g} {self.unit}"
            for error in self.errors
        )
        times = f"{self.ratio:.1f} times" if self.ratio < math.inf else "more than twice"
        return (
            f"{self.what}: {first} on {self.worse} ({self.faces[0]:,} faces), {second} on "
            f"{self.better} ({self.faces[1]:,} faces), {times} as much"
        )


def gaps(groups: Mapping[str, Mapping[str, Any]], unit: str = "%", what: str = _ALL) -> list[Gap]:
    """Where a group's error is more than twice another's, the widest pair of each attribute.

    Args:
        groups: by title.
        unit: of the errors.
        what: what `error` is of.
    """
    told = {title: g for title, g in groups.items() if not isinstance(g["error"], str)}
    names = dict.fromkeys(name for group in told.values() for name in group.get("errors", {}))
    found = []
    for name in (None, *names):
        figures = {
            title: group if name is None else {**group, **_named(group, name)}
            for title, group in told.items()
            if name is None or name in group.get("errors", {})
        }
        pairs = [
            Gap(
                what if name is None else name,
                worse,
                better,
                (figures[worse]["error"], figures[better]["error"]),
                (figures[worse]["faces"], figures[better]["faces"]),
                unit,
            )
            for worse, better in permutations(figures, 2)
            if _apart(figures[worse], figures[better])
        ]
        if pairs:
            found.append(max(pairs, key=lambda gap: (gap.ratio, gap.errors[0])))
    return found


def _named(group: Mapping[str, Any], name: str) -> dict[str, Any]:
    figure = group["errors"][name]
    return {"error": figure["value"], "low": figure["low"], "high": figure["high"]}


def _apart(worse: Mapping[str, Any], better: Mapping[str, Any]) -> bool:
    # An interval that there is not, over a single person, is NaN, or null in JSON.
    if worse["low"] is None or better["high"] is None:
        return False
    return bool(worse["error"] > RATIO * better["error"] and worse["low"] > better["high"])


def verdict(
    groups: Mapping[str, Mapping[str, Any]], unit: str = "%", what: str = _ALL
) -> list[str]:
    """What the gate says of groups, as lines of text; none if there are no groups.

    Arguments as for `gaps`.
    """
    if not groups:
        return []
    found = gaps(groups, unit, what)
    if found:
        return [
            "WARNING: a group's error is more than twice another's, with 95 % intervals apart:",
            *(f"  {gap}" for gap in found),
            *([BASE_RATE] if any(gap.what != what for gap in found) else []),
        ]
    if sum(not isinstance(group["error"], str) for group in groups.values()) < 2:
        return [f"Too few faces to compare groups: each needs {TOO_FEW}."]
    each = any(group.get("errors") for group in groups.values())
    where = "" if each or what != _ALL else " over all attributes"
    rest = "" if each or what != _ALL else " Attribute by attribute it was not measured."
    return [
        f"No group's error{where} is more than twice another's with 95 % intervals apart.{rest}"
    ]


def measured(metrics_: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The groups in `config.metrics`: of the test faces, or of the validation faces, or none.

    A bundle may be a stranger's: figures of another form are no figures.
    """
    for split in ("test", "valid"):
        try:
            groups = metrics_[split]["groups"]
            gaps(groups)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            continue
        if groups:
            return groups
    return {}


def interval(values: np.ndarray, people: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of bootstrap `values`; NaN if all faces are of one person.

    Args:
        values: of resamples by `metrics.resample_people`.
        people: the person on each face.
    """
    if len(people) and (people == people[0]).all():
        return math.nan, math.nan
    return metrics.interval(values)


def share_interval(
    wrong: np.ndarray, people: np.ndarray, weights: np.ndarray, known: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """95 % intervals of shares: the wider of a bootstrap over people and Wilson's, end by end.

    Of no wrong answer in thirty the bootstrap is sure that there never is one; of faces that
    resemble each other Wilson's interval is.

    Args:
        wrong: bool (n, k), one share a column.
        people: the person on each of n faces.
        weights: of `metrics.resample_people`, (draws, n).
        known: bool (n, k), of which faces each share is; None if of all.
    """
    if (people == people[0]).all():
        return np.full(wrong.shape[1], np.nan), np.full(wrong.shape[1], np.nan)
    if known is None:
        # A resample may have none of the few faces whose label is known.
        with np.errstate(invalid="ignore"):
            drawn = (weights @ wrong.astype(np.float32)) / weights.sum(1, keepdims=True)
        low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
        least, most = metrics.wilson(wrong.sum(0), np.full(wrong.shape[1], len(wrong)))
        return np.fmin(low, least), np.fmax(high, most)
    ends = [
        share_interval(wrong[rows, k : k + 1], people[rows], weights[:, rows])
        if rows.any()
        else (np.array([np.nan]),) * 2
        for k, rows in enumerate(known.T)
    ]
    low, high = (np.concatenate(each) for each in zip(*ends, strict=True))
    return low, high


def titles(split_by: Sequence[str]) -> list[tuple[str, list[bool]]]:
    """Each combination of yes and no of the labels `split_by`, and its title."""
    combinations = []
    for number in range(2 ** len(split_by)):
        wanted = [bool(number >> bit & 1) for bit in range(len(split_by))]
        title = ", ".join(
            name if yes else f"not {name}" for name, yes in zip(split_by, wanted, strict=True)
        )
        combinations.append((title, wanted))
    return combinations
