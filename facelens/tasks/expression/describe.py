"""A face's expression in words: next to a face, in full in a terminal, and as JSON."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Style, Verdict, Word, probability_text
from facelens.tasks.expression.names import CAVEAT, looks

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.tasks.classifier import Prediction
    from facelens.tasks.expression.model import ExpressionModel


def verdict(face: "Face", prediction: "Prediction", style: Style) -> Verdict:
    """Of the most probable expression: yes, or doubtful below the threshold or on a poor face."""
    sure = float(prediction.probabilities.max()) >= style.sure and not face.hints
    return Verdict.YES if sure else Verdict.DOUBTFUL


def words(
    model: "ExpressionModel", face: "Face", prediction: "Prediction", style: Style
) -> list[Word]:
    """All expressions, or those that `style` names; the most probable has the verdict.

    In a brief style it stands alone.
    """
    first = prediction.names[int(prediction.probabilities.argmax())]
    every = (first,) if style.brief else prediction.names
    return [
        Word(
            model.label(name),
            prediction[name],
            verdict(face, prediction, style) if name == first else None,
        )
        for name in (every if style.names is None else style.names)
    ]


def sentence(face: "Face", prediction: "Prediction", style: Style) -> str:
    """What the face looks like, and what that does not say."""
    return f"{looks_like(face, prediction, style)} {CAVEAT}"


def looks_like(face: "Face", prediction: "Prediction", style: Style) -> str:
    """What the face shows: "This face looks happy." or the two it hesitates between."""
    order = prediction.probabilities.argsort(kind="stable")[::-1]
    first, second = (looks(prediction.names[i]) for i in order[:2])
    if verdict(face, prediction, style) is Verdict.YES:
        return f"This face {first}."
    return f"This face perhaps {first}, or {second.removeprefix('looks ')}."


def describe_face(
    model: "ExpressionModel", face: "Face", prediction: "Prediction", style: Style
) -> tuple[dict[str, Any], str]:
    """All expressions of a face with their probabilities, for JSON and as text."""
    said, probabilities = sentence(face, prediction, style), prediction.probabilities.tolist()
    first = prediction.names[int(prediction.probabilities.argmax())]
    as_json = {
        "expression": first,
        "verdict": str(verdict(face, prediction, style)),
        "sentence": said,
        "expressions": [
            {"name": name, "probability": round(value, 6)}
            for name, value in zip(prediction.names, probabilities, strict=True)
        ],
    }
    lines = [said, ""]
    for word in words(model, face, prediction, Style(style.threshold)):
        row = f"    {word.label:<26}{probability_text(word.value):>5}  {word}"
        lines.append(row.rstrip())
    return as_json, "\n".join(lines)
