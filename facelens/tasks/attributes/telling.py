"""Which answer about a face tells the most: the one farthest above what is usual."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from facelens.tasks.attributes.curves import Curves
from facelens.tasks.attributes.names import describe
from facelens.tasks.attributes.thresholds import surprise
from facelens.tasks.base import Verdict

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction


def most_telling(model: "AttributeModel", prediction: "Prediction") -> str | None:
    """The attribute whose probability lies farthest above its base rate; None without one.

    Judgements about people are never chosen.
    """
    above = surprise(prediction, model.curves)
    ordinary = [i for i, name in enumerate(model.names) if not describe(name).is_judgement]
    return model.names[max(ordinary, key=above.__getitem__)] if ordinary else None


def telling_yeses(
    prediction: "Prediction", verdicts: Sequence[Verdict], curves: Curves
) -> list[str]:
    """The attributes that get a yes, the farthest above its base rate first, no judgements."""
    above = surprise(prediction, curves)
    found = [
        (float(value), name)
        for value, name, verdict in zip(above, prediction.names, verdicts, strict=True)
        if verdict is Verdict.YES and not describe(name).is_judgement
    ]
    return [name for _, name in sorted(found, key=lambda each: -each[0])]
