"""Who a face is, in words: next to a face, in full in a terminal, and as JSON."""

from typing import TYPE_CHECKING, Any

from facelens.tasks.base import Style, Verdict, Word
from facelens.tasks.identity.names import EMPTY, NOBODY, UNSURE

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.tasks.identity.answers import Recognition

COLUMNS = ("person", "nearest_person", "similarity", "second_person", "second_similarity")


def _judged(model: Any, answer: "Recognition", style: Style) -> "Recognition":
    """The answer by the threshold of `style`, as it is where nobody is enrolled."""
    return model.at(answer, style) if answer.people else answer


def row(answer: "Recognition") -> tuple[str | float | None, ...]:
    """The columns of a table: who it is, then the two that the face is most like."""
    if not answer.people:
        return (NOBODY, None, None, None, None)
    first, second = answer.nearest, answer.second
    return (answer.person, first, answer[first], second, answer[second])


def words(model: Any, face: "Face", answer: "Recognition", style: Style) -> list[Word]:
    """The people by their order in the gallery; the nearest has the verdict.

    In a brief style there is one word: a name, two names with "or", or "nobody enrolled".
    """
    answer = _judged(model, answer, style)
    if not answer.people:
        return [Word(NOBODY.capitalize(), 0.0, Verdict.NO)]
    if style.brief and style.names is None:
        label = {
            Verdict.YES: answer.nearest,
            Verdict.NO: NOBODY.capitalize(),
        }.get(answer.verdict, f"{answer.nearest} or {answer.second}")
        return [Word(label, _share(answer[answer.nearest]), verdict(face, answer))]
    names = answer.people if style.names is None else style.names
    return [
        Word(
            name,
            _share(answer[name]),
            verdict(face, answer) if name == answer.nearest else None,
        )
        for name in names
    ]


def _share(similarity: float) -> float:
    """A cosine as a word shows it, from 0 to 1."""
    return min(max(similarity, 0.0), 1.0)


def verdict(face: "Face", answer: "Recognition") -> Verdict:
    """That of the answer; a name is doubtful on a face that is blurred, turned or covered."""
    poor = bool(getattr(face, "hints", ()))
    return Verdict.DOUBTFUL if poor and answer.verdict is Verdict.YES else answer.verdict


def sentence(model: Any, face: "Face", answer: "Recognition", style: Style) -> str:
    """Who the face is, or why nobody is named."""
    answer = _judged(model, answer, style)
    if not answer.people:
        return EMPTY
    near = f"similarity {answer[answer.nearest]:.2f}, threshold {answer.threshold:.2f}"
    match verdict(face, answer), answer.verdict:
        case Verdict.YES, _:
            return f"This face is like {answer.nearest} ({near})."
        case Verdict.NO, _:
            return f"This face is like nobody enrolled; nearest is {answer.nearest} ({near})."
        case _, Verdict.YES:
            return f"This face is perhaps {answer.nearest} ({near})."
    return (
        f"This face is like {answer.nearest} and like {answer.second}, too close to tell "
        f"({near}; {answer.second} {answer[answer.second]:.2f})."
    )


def describe_face(
    model: Any, face: "Face", answer: "Recognition", style: Style
) -> tuple[dict[str, Any], str]:
    """All people with their similarities, for JSON and as text."""
    answer, said = _judged(model, answer, style), sentence(model, face, answer, style)
    if not answer.people:
        return {"person": NOBODY, "verdict": str(Verdict.NO), "sentence": said, "people": []}, said
    found = verdict(face, answer)
    as_json = {
        "person": answer.person if found is not Verdict.DOUBTFUL else UNSURE,
        "verdict": str(found),
        "sentence": said,
        "threshold": round(answer.threshold, 4),
        "people": [
            {"name": answer.people[i], "similarity": round(float(answer.similarities[i]), 4)}
            for i in answer.order
        ],
    }
    lines = [said, ""]
    for i in answer.order:
        mark = f"  {found}" if answer.people[i] == answer.nearest else ""
        lines.append(f"    {answer.people[i]:<42}{answer.similarities[i]:>6.2f}{mark}")
    return as_json, "\n".join(lines)
