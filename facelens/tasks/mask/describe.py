"""Whether a face wears a mask, in words: next to a face, in full in a terminal, and as JSON."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Style, Verdict, Word, probability_text
from facelens.tasks.mask.names import said

if TYPE_CHECKING:
    from facelens.tasks.mask.model import MaskedFace, MaskModel


def verdict(face: "MaskedFace", style: Style) -> Verdict:
    """Of the most probable class: yes, or doubtful below the threshold or for a tiny face."""
    sure = float(face.probabilities.max()) >= style.sure and not face.hints
    return Verdict.YES if sure else Verdict.DOUBTFUL


def words(model: "MaskModel", face: "MaskedFace", style: Style) -> list[Word]:
    """All classes, or those that `style` names; the most probable has the verdict.

    In a brief style it stands alone.
    """
    every = (face.name,) if style.brief else face.names
    return [
        Word(model.label(name), face[name], verdict(face, style) if name == face.name else None)
        for name in (every if style.names is None else style.names)
    ]


def sentence(face: "MaskedFace", style: Style) -> str:
    """What is to be seen: "This face wears a mask." or the two it hesitates between."""
    order = face.probabilities.argsort(kind="stable")[::-1]
    first, second = (said(face.names[i]) for i in order[:2])
    if verdict(face, style) is Verdict.YES:
        return f"This face {first}."
    return f"This face perhaps {first}, or it {second}."


def describe_face(
    model: "MaskModel", face: "MaskedFace", style: Style
) -> tuple[dict[str, Any], str]:
    """The classes of a face with their probabilities, for JSON and as text."""
    as_json = {
        "mask": face.name,
        "verdict": str(verdict(face, style)),
        "sentence": sentence(face, style),
        "classes": [{"name": name, "probability": round(face[name], 6)} for name in face.names],
    }
    lines = [sentence(face, style), ""]
    for word in words(model, face, Style(style.threshold)):
        row = f"    {word.label:<26}{probability_text(word.value):>5}  {word}"
        lines.append(row.rstrip())
    return as_json, "\n".join(lines)
