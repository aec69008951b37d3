"""What the page without a server has to know of a task with a panel of classes.

A sentence is made in Python, so the page is given all that there are: of each two most probable
answers, for each verdict.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.explain.maps import area, shown_first
from facelens.tasks.base import Style, Verdict
from facelens.tasks.classifier import Prediction
from facelens.tasks.example import example_face
from facelens.ui.panel import titles
from facelens.web.content import Files, as_json, floats

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.tasks.base import Task
    from facelens.tasks.classifier import Classifier

_HINT = "The face is turned."
_STEPS = 1000


def of_classes(task: "Task", model: "Classifier") -> Files:
    """The files of the network of `task` but for its graph."""
    config = model.config
    values = titles(task) | {
        "model": model.title,
        "names": model.names,
        "labels": [model.label(name) for name in model.names],
        "temperature": floats(config.temperature),
        "bias": floats(config.bias),
        "activation": config.activation,
        "first": shown_first(config.metrics),
        "area": area(config),
        "has_maps": "heatmap" in task.views,
        "said": _said(task, model),
    }
    return {"network.json": as_json(values)}


def _said(task: "Task", model: "Classifier") -> dict[str, Any]:
    """What is said of which answer.

    `sure`: the probability from which the most probable answer has no doubt. `hints`: whether a
    face of poor quality has doubt whatever it is. `sentences`: by verdict, of the most probable
    answer and the next, [first][second]. `texts`: by verdict, what stands in the row of the first.
    """
    good = example_face()
    poor = replace(good, hints=(_HINT,))
    verdicts = {value: _first_word(task, model, good, value)[0] for value in _values(model)}
    sure = next((value for value, found in verdicts.items() if found is not Verdict.DOUBTFUL), 1.1)
    likely, unlikely = max(verdicts), min(verdicts)
    faces = {
        str(verdict or ""): (face, value)
        for face, value in ((poor, likely), (good, unlikely), (good, likely))
        for verdict in [_first_word(task, model, face, value)[0]]
    }
    return {
        "sure": sure,
        "hints": _first_word(task, model, poor, likely)[0] is Verdict.DOUBTFUL,
        "sentences": {
            verdict: [
                [
                    _sentence(task, model, face, _answer(model, first, second, value))
                    for second in _all(model)
                ]
                for first in _all(model)
            ]
            for verdict, (face, value) in faces.items()
        },
        "texts": {
            verdict: _first_word(task, model, face, value)[1]
            for verdict, (face, value) in faces.items()
        },
    }


def _all(model: "Classifier") -> range:
    return range(len(model.names))


def _values(model: "Classifier") -> list[float]:
    """Probabilities that the most probable answer may have, the least first."""
    least = _STEPS // len(model.names) + 1
    return [step / _STEPS for step in range(least, _STEPS)]


def _answer(model: "Classifier", first: int, second: int, value: float) -> Prediction:
    """An answer whose two most probable classes these are, the first with probability `value`."""
    count = len(model.names)
    shares = np.full(count, (1 - value) / max(count - 1, 1))
    shares[second] += min(1e-4, (value - shares[second]) / 2)
    shares[first] = value
    shares = shares.astype(np.float32)
    return Prediction(np.log(shares), shares, model.names)


def _sentence(task: "Task", model: "Classifier", face: "Face", answer: Prediction) -> str:
    return task.sentence(model, face, answer, Style()) if task.sentence else ""


def _first_word(
    task: "Task", model: "Classifier", face: "Face", value: float
) -> tuple[Verdict | None, str]:
    """The verdict of the most probable answer, and what stands in its row."""
    word = task.words(model, face, _answer(model, 0, 1, value), Style())[0]
    return word.verdict, str(word)
