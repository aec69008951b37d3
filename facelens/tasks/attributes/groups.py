"""Errors by group of faces."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from facelens import metrics
from facelens.tasks.attributes.answers import Answers
from facelens.tasks.fairness import TOO_FEW, interval, share_interval, titles


def errors_by_group(
    answers: Answers, split_by: Sequence[str], draws: int
) -> dict[str, dict[str, Any]]:
    """Error by combination of the labels `split_by`, with intervals.

    `errors`: the share of wrong answers of each other attribute.
    `recall`: the true-positive rate with its interval, for attributes of which the group has at
    least 20 positive faces; else "too few".
    """
    columns = np.stack([_label(answers, name) for name in split_by], 1)
    groups: dict[str, dict[str, Any]] = {}
    for title, wanted in titles(split_by):
        inside = (columns == wanted).all(1)
        n = int(inside.sum())
        if n < TOO_FEW:
            groups[title] = {"faces": n, "error": "too few"}
            continue
        p, y, people = answers.probabilities[inside], answers.labels[inside], answers.people[inside]
        known = None if answers.known is None else answers.known[inside]
        wrong = (p >= 0.5) != y
        yes = y if known is None else y & known
        shares = metrics.of_known(metrics.mean, wrong, known=known)
        weights = metrics.resample_people(people, draws=draws)
        low, high = interval(metrics.resampled_mean(wrong, weights, known), people)
        lows, highs = share_interval(wrong, people, weights, known)
        asked = {name: a for a, name in enumerate(answers.names) if name not in split_by}
        groups[title] = {
            "faces": n,
            "error": float(np.nanmean(shares)),
            "low": low,
            "high": high,
            "errors": {
                name: {
                    "value": float(shares[a]),
                    "low": float(lows[a]),
                    "high": float(highs[a]),
                }
                for name, a in asked.items()
            },
            "recall": {name: _recall((p[:, a] >= 0.5)[yes[:, a]]) for name, a in asked.items()},
        }
    return groups


def _label(answers: Answers, name: str) -> np.ndarray:
    """1 for yes, 0 for no, -1 for a blank, which is in no group."""
    if name in answers.names:
        column = answers.names.index(name)
        said = answers.labels[:, column].astype(np.int8)
        return said if answers.known is None else np.where(answers.known[:, column], said, -1)
    return answers.others[name]


def _recall(called: np.ndarray) -> dict[str, float] | str:
    """The share of the faces with a yes that get a yes, with its 95 % interval."""
    if len(called) < TOO_FEW:
        return "too few"
    low, high = metrics.wilson(called.sum(), np.array(len(called)))
    return {"value": float(called.mean()), "low": float(low), "high": float(high)}
