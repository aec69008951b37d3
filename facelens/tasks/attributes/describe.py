"""A face's answers in words: next to a face, in full in a terminal, and as JSON."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.tasks.attributes import names as attributes
from facelens.tasks.attributes import thresholds
from facelens.tasks.attributes.weak import weak
from facelens.tasks.base import Style, Verdict, Word, probability_text

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction


def words(
    model: "AttributeModel", face: "Face", prediction: "Prediction", style: Style
) -> list[Word]:
    """The attributes that `style` names, or a few everyday ones, each with its verdict."""
    cuts = thresholds.operating_point(model.config, style.threshold)
    verdicts = _verdicts(model, face, prediction, cuts)
    names = attributes.everyday(model.names) if style.names is None else style.names
    return [
        Word(
            attributes.describe(name).label,
            float(prediction.probabilities[i]),
            verdicts[i],
            "" if np.isfinite(cuts[i]) else "no threshold",
        )
        for name in names
        for i in [model.names.index(name)]
    ]


def _verdicts(
    model: "AttributeModel", face: "Face", prediction: "Prediction", cuts: np.ndarray
) -> list[Verdict]:
    return thresholds.verdicts(
        prediction, cuts, model.curves, hints=face.hints, weak=weak(model.config.metrics, face)
    )


def whiskers(prediction: "Prediction") -> dict[str, dict[str, float]]:
    """The lowest and highest probability by name, if they were measured; see `Prediction`."""
    if prediction.spread is None:
        return {}
    return {
        name: {"low": round(float(low), 6), "high": round(float(high), 6)}
        for name, low, high in zip(prediction.names, *prediction.spread, strict=True)
    }


def describe_face(
    model: "AttributeModel", face: "Face", prediction: "Prediction", style: Style
) -> tuple[dict[str, Any], str]:
    """All attributes of a face with probability, threshold and verdict, for JSON and as text."""
    cuts = thresholds.operating_point(model.config, style.threshold)
    verdicts = _verdicts(model, face, prediction, cuts)
    rows = list(zip(prediction.names, prediction.probabilities, cuts, verdicts, strict=True))
    ranges = whiskers(prediction)
    as_json = [
        {
            "name": name,
            "probability": round(float(probability), 6),
            **ranges.get(name, {}),
            "threshold": round(float(threshold), 6) if np.isfinite(threshold) else None,
            "verdict": str(verdict),
            "judgement": attributes.describe(name).is_judgement,
        }
        for name, probability, threshold, verdict in rows
    ]
    lines = [thresholds.sentence(prediction, verdicts, cuts, model.curves, hints=face.hints)]
    folded = 0
    groups: dict[str, list[str]] = {}
    for name, probability, threshold, verdict in rows:
        text = verdict if math.isfinite(threshold) else "no threshold"
        attribute = attributes.describe(name)
        if attribute.is_judgement and not style.judgements:
            folded += 1
            continue
        low, high = (probability_text(end) for end in ranges[name].values()) if ranges else ("", "")
        around = f"  {f'{low} to {high}':<14}" if ranges else ""
        row = f"    {attribute.label:<26}{probability_text(probability):>5}{around}  {text}"
        groups.setdefault(attribute.group, []).append(row)
    for group in sorted(groups, key=[*attributes.GROUPS, *groups].index):
        lines += ["", f"  {attributes.group_title(group)}", *groups[group]]
        if group == "judgements":
            lines += ["", f"  {attributes.JUDGEMENTS_NOTE}"]
    if folded:
        lines += [
            "",
            f"  {folded} judgements about people are folded away; --judgements shows them.",
        ]
    return {"attributes": as_json}, "\n".join(lines)
