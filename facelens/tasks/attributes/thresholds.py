"""From probabilities to verdicts: operating points, and what a threshold means."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from facelens.errors import ThresholdError
from facelens.tasks.attributes.curves import Curves, doubt_bands
from facelens.tasks.attributes.names import Attribute, describe
from facelens.tasks.base import Verdict

if TYPE_CHECKING:
    from facelens.tasks.classifier import Prediction
    from facelens.tasks.config import ClassifierConfig

OPERATING_POINTS = {
    "half": "Yes from a probability of one half.",
    "f1": "The best balance of false alarms and misses; at least half of the yeses are right.",
    "balanced": "A missed yes and a false yes weigh alike, however rare a yes is.",
    "precision90": "At least 90 of 100 yeses were right on validation faces; out of reach for "
    "some rows.",
    "sure90": "At least 90 of 100 yeses are right, guaranteed with 95 % confidence row by row: for "
    "faces drawn like the validation faces, not for other photos; out of reach for some rows.",
}

# What differs from its base rate by less is not worth a word.
NEWS = 0.25


def operating_point(config: "ClassifierConfig", name: str) -> np.ndarray:
    """Thresholds float32 (attributes,) of an operating point, or one number for all.

    NaN if the operating point is out of reach for an attribute.
    """
    if name in config.operating_points:
        return config.operating_points[name]
    try:
        number = float(name)
    except ValueError:
        number = np.nan
    if not 0 <= number <= 1:
        raise ThresholdError(
            f"There is no threshold {name!r}: give a number from 0 to 1 or one of "
            f"{', '.join(config.operating_points)}."
        )
    return np.full(len(config.names), number, np.float32)


def verdicts(
    prediction: "Prediction",
    thresholds: np.ndarray,
    curves: Curves,
    *,
    hints: Sequence[str] = (),
    weak: Collection[str] = (),
) -> list[Verdict]:
    """Yes, no or doubtful for every attribute.

    Doubtful if the probability is within the threshold's band (`curves.doubt_bands`: its 95 %
    interval, and at least what a shift of one pixel changes, on either side), if the threshold is
    out of reach, if the attribute is among those that are often wrong on such faces (`weak.weak`),
    and always if there are `hints` that the face is hard to read.
    """
    rows = np.arange(len(prediction.names))
    known = np.isfinite(thresholds)
    nearest = np.rint(np.where(known, thresholds, 0.5) * 100).astype(int)
    p = prediction.probabilities
    low, high = doubt_bands(curves)
    doubtful = (low[rows, nearest] <= p) & (p <= high[rows, nearest])
    doubtful |= ~known | bool(hints) | np.array([name in weak for name in prediction.names])
    return [
        Verdict.DOUBTFUL if doubt else Verdict.YES if yes else Verdict.NO
        for doubt, yes in zip(doubtful, p >= thresholds, strict=True)
    ]


def meaning(name: str, threshold: float, curves: Curves, *, data: str = "CelebA") -> str:
    """Describe precision and recall of `name` at `threshold` on the faces of `data`, in words."""
    if not np.isfinite(threshold):
        return f"No threshold reaches this precision on {data} faces."
    row, column = curves.names.index(name), round(threshold * 100)
    called, found = curves.precision[row, column], curves.recall[row, column]
    if not np.isfinite(called):
        return f"No {data} face gets a yes here."
    low = round(100 * float(curves.precision_low[row, column]))
    high = round(100 * float(curves.precision_high[row, column]))
    share = f"{low} to {high}" if low != high else f"{low}"
    return (
        f"Of 100 {data} faces that get a yes here, {share} are labelled so; "
        f"of 100 that are labelled so, {round(100 * float(found))} get a yes."
    )


def surprise(prediction: "Prediction", curves: Curves) -> np.ndarray:
    """How far each probability is from the base rate, float32 (attributes,), from -1 to 1.

    The base rate is the share of validation faces with a yes; one half if it is unknown.
    """
    base = np.where(np.isfinite(curves.prevalence), curves.prevalence, 0.5).astype(np.float32)
    return prediction.probabilities.astype(np.float32) - base


def sentence(
    prediction: "Prediction",
    verdicts: Sequence[Verdict],
    thresholds: np.ndarray,
    curves: Curves,
    *,
    hints: Sequence[str] = (),
    most: int = 5,
) -> str:
    """Summarise what is surprising among the sure answers, and what is doubtful; no judgements.

    The most surprising comes first, and nothing that is about as common as the network finds it
    likely (`NEWS`): no word of "no beard" if few have one. A no is mentioned if a yes was at least
    as likely, or the attribute says so. Doubtful attributes are in order of their distance to the
    threshold. A yes below 0.5 or a no above, which only the threshold makes, is listed separately.
    An attribute without a threshold is left out.
    """
    if hints:
        return f"Sure of nothing in this face. {' '.join(hints)}"
    sure: list[str] = []
    bent: list[str] = []
    doubtful: list[tuple[float, str]] = []
    p, away = prediction.probabilities, surprise(prediction, curves)
    usual = False
    for i in np.argsort(-np.abs(away), kind="stable"):
        attribute = describe(prediction.names[i])
        if attribute.is_judgement or np.isnan(thresholds[i]):
            continue
        text = attribute.no if verdicts[i] is Verdict.NO else attribute.yes
        if verdicts[i] is Verdict.DOUBTFUL:
            doubtful.append((float(abs(p[i] - np.float32(thresholds[i]))), text))
        elif (verdicts[i] is Verdict.YES) != (p[i] >= 0.5):
            bent.append(text)
        elif _is_news(attribute, p[i], away[i]):
            sure.append(text)
        else:
            usual = True
    nearest = [text for _, text in sorted(doubtful, key=lambda each: each[0])]
    parts = [
        f"Fairly sure: {', '.join(sure[:most])}." if sure else "",
        "Nothing out of the ordinary." if usual and not sure else "",
        f"By these thresholds also: {_few(bent, most)}." if bent else "",
        f"Doubtful: {_few(nearest, most)}." if doubtful else "",
    ]
    return " ".join(filter(None, parts)) or "Sure of nothing in particular."


def _is_news(attribute: Attribute, p: np.float32, away: np.float32) -> bool:
    """Whether a probability that is `away` from the base rate is worth a word."""
    if p >= 0.5:
        return bool(away >= NEWS)
    return bool(away <= -NEWS and (attribute.no_is_news or p - away >= 0.5))


def _few(words: Sequence[str], most: int) -> str:
    tail = f" and {len(words) - most} more" if len(words) > most else ""
    return f"{', '.join(words[:most])}{tail}"
