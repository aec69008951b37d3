"""What the page without a server has to know of a task that finds boxes in the whole photo.

As for `facelens.web.classes`, all sentences are made in Python: of each two most probable classes,
for each verdict; and what an answer adds to a face's hints.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.faces import Box
from facelens.faces.quality import COVERED
from facelens.faces.track import MIN_IOU
from facelens.tasks.base import Style, Verdict
from facelens.ui.boxes import legend
from facelens.ui.panel import titles
from facelens.web.content import Files, as_json, floats

if TYPE_CHECKING:
    from facelens.tasks.base import Task
    from facelens.tasks.mask.model import MaskedFace, MaskModel

_STEPS = 1000
_LARGE, _TINY = 100, 7  # pixels of a face that has no hint, and of one whose hint has this number
_LARGEST = 1000


def of_boxes(task: "Task", model: "MaskModel") -> Files:
    """The files of the network of `task` but for its graph."""
    from facelens.tasks.mask.model import GREY, MIN_SIDE, STRIDE

    values = (
        titles(task)
        | legend(task, model)
        | {
            "model": model.title,
            "side": model.config.input_size[0],
            "stride": STRIDE,
            "least_side": MIN_SIDE,
            "grey": GREY,
            "temperature": floats(model.config.temperature)[0],
            "same": MIN_IOU,
            "guess": COVERED,
            "said": _said(task, model),
        }
    )
    return {"network.json": as_json(values)}


def _said(task: "Task", model: "MaskModel") -> dict[str, Any]:
    """What is said of which box.

    `sure`: the probability from which the most probable class has no doubt. `small`: pixels a side
    from which a face has no hint; a smaller one has `hint`, with its `{side}`, and is doubtful.
    `sentences`: by verdict, of the most probable class and the next, [first][second]. `covers`: by
    the most probable class.
    """
    classes = range(len(model.names))
    first, second = classes[0], classes[1]
    values = [step / _STEPS for step in range(_STEPS // len(classes) + 1, _STEPS)]
    verdicts = {
        value: _verdict(task, model, _face(model, first, second, value)) for value in values
    }
    sure = next((value for value, found in verdicts.items() if found is not Verdict.DOUBTFUL), 1.1)
    shown = {str(verdict or ""): value for value, verdict in verdicts.items()}
    sides = range(1, _LARGEST)
    tiny = _face(model, first, second, values[-1], _TINY).hints
    return {
        "sure": sure,
        "small": next(
            side for side in sides if not _face(model, first, second, values[-1], side).hints
        ),
        "hint": " ".join(tiny).replace(str(_TINY), "{side}"),
        "sentences": {
            verdict: [
                [_sentence(task, model, _face(model, one, other, value)) for other in classes]
                for one in classes
            ]
            for verdict, value in shown.items()
        },
        "covers": [
            task.covers(_face(model, one, (one + 1) % len(classes), values[-1])) for one in classes
        ],
    }


def _face(
    model: "MaskModel", first: int, second: int, value: float, side: float = _LARGE
) -> "MaskedFace":
    """A face whose two most probable classes these are, the first with probability `value`."""
    count = len(model.names)
    shares = np.full(count, (1 - value) / max(count - 1, 1))
    shares[second] += min(1e-4, (value - shares[second]) / 2)
    shares[first] = value
    logits = np.log(shares) * model.config.temperature
    face = model.face(Box(0, 0, side, side), 1.0, logits.astype(np.float32))
    return replace(face, probabilities=shares.astype(np.float32))  # exactly these


def _verdict(task: "Task", model: "MaskModel", face: "MaskedFace") -> Verdict | None:
    words = task.words(model, face, face, Style())  # type: ignore[arg-type]
    return max(words, key=lambda word: word.value).verdict


def _sentence(task: "Task", model: "MaskModel", face: "MaskedFace") -> str:
    return task.sentence(model, face, face, Style()) if task.sentence else ""  # type: ignore[arg-type]
