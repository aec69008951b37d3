"""From probabilities to verdicts: operating points, and what a threshold means."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from facelens.errors import ThresholdError
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.names import describe
from facelens.tasks.base import Verdict

if TYPE_CHECKING:
    from facelens.tasks.classifier import Prediction
    from facelens.tasks.config import ClassifierConfig

OPERATING_POINTS = {
    "half": "Yes from a probability of one half.",
    "f1": "The best balance of false alarms and misses (best F1); at least half "
    "of the yeses are right.",
    "balanced": "The best mean of two shares: of the yes faces found, and of the no faces found.",
    "precision90": "The lowest threshold at which at least 90 of 100 yeses were right on "
    "validation faces; out of reach for some rows.",
}


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
) -> list[Verdict]:
    """Yes, no or doubtful for every attribute.

    Doubtful if the probability is within the threshold's 95 % interval, if the threshold is out of
    reach, and always if there are `hints` that the face is hard to read.
    """
    rows = np.arange(len(prediction.names))
    known = np.isfinite(thresholds)
    nearest = np.rint(np.where(known, thresholds, 0.5) * 100).astype(int)
    p = prediction.probabilities
    doubtful = (curves.doubt_low[rows, nearest] <= p) & (p <= curves.doubt_high[rows, nearest])
    doubtful |= ~known | bool(hints)
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


def sentence(
    prediction: "Prediction",
    verdicts: Sequence[Verdict],
    thresholds: np.ndarray,
    *,
    hints: Sequence[str] = (),
    most: int = 5,
) -> str:
    """Summarise what the network is fairly sure of and what is doubtful, without judgements.

    Yes comes before no, the surest first, and only the noes that are news; doubtful attributes are
    in order of their distance to the threshold. A yes below 0.5 or a no above, which only the
    threshold makes, is listed separately. An attribute without a threshold is left out.
    """
    if hints:
        return f"Sure of nothing in this face. {' '.join(hints)}"
    sure_yes: list[str] = []
    sure_no: list[str] = []
    bent: list[str] = []
    doubtful: list[tuple[float, str]] = []
    p = prediction.probabilities
    for i in np.argsort(-np.abs(prediction.logits), kind="stable"):
        attribute = describe(prediction.names[i])
        if attribute.is_judgement or np.isnan(thresholds[i]):
            continue
        if verdicts[i] is Verdict.YES:
            (sure_yes if p[i] >= 0.5 else bent).append(attribute.yes)
        elif verdicts[i] is Verdict.NO:
            if attribute.no_is_news or p[i] >= 0.5:
                (sure_no if p[i] < 0.5 else bent).append(attribute.no)
        else:
            doubtful.append((float(abs(p[i] - np.float32(thresholds[i]))), attribute.yes))
    sure = (sure_yes + sure_no)[:most]
    parts = []
    if sure:
        parts.append(f"Fairly sure: {', '.join(sure)}.")
    if bent:
        parts.append(f"By these thresholds also: {_few(bent, most)}.")
    if doubtful:
        nearest = [text for _, text in sorted(doubtful, key=lambda each: each[0])]
        parts.append(f"Doubtful: {_few(nearest, most)}.")
    return " ".join(parts) or "Sure of nothing in particular."


def _few(words: Sequence[str], most: int) -> str:
    tail = f" and {len(words) - most} more" if len(words) > most else ""
    return f"{', '.join(words[:most])}{tail}"
