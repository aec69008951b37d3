"""What another task says of the face: a sentence, a bar a word, and why the bars add up."""

from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.tasks.attributes.names import describe
from facelens.tasks.base import Model, Style
from facelens.tasks.classifier import Classifier, Prediction
from facelens.ui._view import script, source
from facelens.ui.panel import Panel, Scene

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel


class Classes(Panel):
    """Show the words of one task about the face that is on the page."""

    _esm = script("classes")
    _css = source("shared.css", "classes.css")

    def read(self, scene: Scene, model: Model, answer: Any) -> None:
        """Show the words of the task about an answer of `model`."""
        assert scene.face is not None
        assert scene.model is not None
        assert scene.answer is not None
        task, style = self.task, Style()
        has_maps = "heatmap" in task.views
        names = {model.label(name): name for name in model.config.names}
        rows = [
            {
                "label": word.label,
                "value": word.value,
                "verdict": word.verdict,
                "text": str(word),
                # By which the maps are told apart.
                "name": names.get(word.label) if has_maps else None,
            }
            for word in task.words(model, scene.face, answer, style)
        ]
        content: dict[str, Any] = {
            "key": scene.key,
            "model": model.title,
            "sentence": task.sentence(model, scene.face, answer, style) if task.sentence else "",
            "rows": rows,
        }
        if isinstance(model, Classifier) and model.config.activation == "softmax":
            content["scores"] = _scores(model, answer) | {
                "board": _beside(scene.model, scene.answer)
            }
        self.show("words", content)


PANEL = Classes


def _scores(model: Classifier, answer: Prediction) -> dict[str, Any]:
    """The logits of a softmax and what is made of them; all in the network's order."""
    scaled = answer.logits / model.config.temperature
    return {
        "labels": [model.label(name) for name in model.names],
        "logits": answer.logits.tolist(),
        "temperature": float(model.config.temperature[0]),
        "softmax": answer.probabilities.tolist(),
        "sigmoid": _sigmoid(scaled).tolist(),
    }


def _beside(model: "AttributeModel", answer: Prediction) -> dict[str, Any]:
    """What a softmax would make of the page's own answers, each a sigmoid.

    `sum`: of the probabilities. `most`: of what is not a judgement about people the most probable
    answer, with its probability and the share that a softmax over all of them would leave it.
    """
    scaled = np.clip(answer.logits / model.config.temperature, -80, 80)
    shares = np.exp(scaled - scaled.max())
    shares /= shares.sum()
    ordinary = [i for i, name in enumerate(model.names) if not describe(name).is_judgement]
    most = max(ordinary, key=lambda i: scaled[i], default=None)
    return {
        "count": len(model.names),
        "sum": float(answer.probabilities.sum()),
        "most": None
        if most is None
        else {
            "label": model.label(model.names[most]),
            "probability": float(answer.probabilities[most]),
            "share": float(shares[most]),
        },
    }


def _sigmoid(scaled: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(scaled, -80, 80))))
