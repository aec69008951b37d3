"""Which answer about a face tells the most: the one farthest above what is usual."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from facelens.tasks.attributes.names import describe
from facelens.tasks.base import Verdict

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction


def above_base_rate(prediction: "Prediction", prevalence: np.ndarray) -> np.ndarray:
    """How far each probability lies above the attribute's base rate, float32 (names,).

    Args:
        prevalence: float (names,), the share of validation faces that are labelled so; an
            attribute of which that is unknown (NaN) is taken for as likely as not.
    """
    usual = np.where(np.isfinite(prevalence), prevalence, 0.5)
    return np.asarray(prediction.probabilities - usual, np.float32)


def most_telling(model: "AttributeModel", prediction: "Prediction") -> str | None:
    """The attribute whose probability lies farthest above its base rate; None without one.

    Judgements about people are never chosen.
    """
    above = above_base_rate(prediction, model.curves.prevalence)
    ordinary = [i for i, name in enumerate(model.names) if not describe(name).is_judgement]
    return model.names[max(ordinary, key=above.__getitem__)] if ordinary else None


def telling_yeses(
    prediction: "Prediction", verdicts: Sequence[Verdict], prevalence: np.ndarray
) -> list[str]:
    """The attributes that get a yes, the farthest above its base rate first, no judgements."""
    above = above_base_rate(prediction, prevalence)
    found = [
        (float(value), name)
        for value, name, verdict in zip(above, prediction.names, verdicts, strict=True)
        if verdict is Verdict.YES and not describe(name).is_judgement
    ]
    return [name for _, name in sorted(found, key=lambda each: -each[0])]
