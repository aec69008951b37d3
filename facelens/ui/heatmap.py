"""Where the network looks: evidence for and against an attribute, laid over the face."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.explain.layers import viridis
from facelens.explain.maps import Evidence, area, shown_first
from facelens.tasks.attributes.names import describe
from facelens.ui._view import View, script, sentence_of, source

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.base import Model, Task
    from facelens.tasks.classifier import Classifier, Prediction
    from facelens.tasks.keypoints.model import Keypoints

# How each kind of map is called; of the exact one the page offers three, covering comes by itself.
WAYS = {
    "map": "exact map",
    "finer": "exact map, finer",
    "finest": "exact map, finest",
    "occlusion": "by covering",
}


class Heatmap(View):
    """Show the straightened face beside its maps.

    The maps of all attributes are on the page, which paints them itself: choosing, turning to
    what speaks against, or making the colours weaker waits for nothing from the kernel. Once an
    answer is painted the page asks for the check by covering, again and again until it is complete.
    `on_choose(name)` hears which attribute is looked at; `on_ask(way, task)` gets the wish for
    another kind of map, of the page's own network if the task is empty; `on_points()` the wish for
    the fifteen points of the face.
    """

    _esm = script("heatmap")
    _css = source("shared.css", "heatmap.css")

    def __init__(
        self,
        on_choose: Callable[[str], None],
        on_ask: Callable[[str, str], None],
        on_points: Callable[[], None],
    ) -> None:
        super().__init__()
        self._on_choose, self._on_ask, self._on_points = on_choose, on_ask, on_points
        self._wish = self._task = ""

    def draw(
        self,
        picture: bytes,
        number: int,
        count: int,
        model: "AttributeModel",
        prediction: "Prediction",
        *,
        marks: bool = False,
    ) -> None:
        """Show face `number` of `count`, an aligned JPEG, and offer what `model` knows.

        `marks`: whether keypoints can be asked for.
        """
        stale = {*WAYS, "covering", "points", "other"}
        for key in [key for key in self._shown if key.partition(" ")[0] in stale]:
            del self._shown[key]
        content = offer(model) | {"number": number, "alone": count == 1, "marks": marks}
        content["area"] = area(model.config)
        for row, logit, probability in zip(
            content["attributes"], prediction.logits, prediction.probabilities, strict=True
        ):
            row |= {"logit": float(logit), "probability": float(probability)}
        self.show("face", content, [picture, viridis().tobytes()])

    def also(
        self, task: "Task", model: "Classifier", prediction: "Prediction", milliseconds: float
    ) -> None:
        """Offer the maps of another `task` about this face too, the exact ones at once."""
        assert prediction.maps is not None
        content = {
            "task": task.name,
            "title": task.name.capitalize(),
            "first": shown_first(model.config.metrics),
            "area": area(model.config),
            "activation": model.config.activation,
            "attributes": _attributes(model, prediction, [False] * len(model.names)),
        }
        self.show("other", content, part=task.name)
        self.light(Evidence("map", prediction.maps, 1), milliseconds, task.name)

    def light(self, where: Evidence, milliseconds: float, task: str = "") -> None:
        """Show what `where` says of every attribute, or of every answer of another `task`."""
        count, height, width = where.values.shape
        content = {
            "task": task,
            "count": count,
            "height": height,
            "width": width,
            "passes": where.passes,
            "milliseconds": milliseconds,
        }
        if where.way == "occlusion":
            self._shown.pop(f"covering {task}".rstrip(), None)
        values = np.ascontiguousarray(where.values, np.float32)
        self.show(where.way, content, [values.tobytes()], part=task)

    def cover(self, done: int, count: int, task: str = "") -> None:
        """Say how much of the check by covering is done; the page asks on."""
        self.show("covering", {"task": task, "done": done, "count": count}, part=task)

    def mark(self, where: np.ndarray, found: "Keypoints", model: "Model") -> None:
        """Show the points that `model` has found: `where`, float (n, 2), in pixels of the crop."""
        content = {
            "where": where.round(2).tolist(),
            "names": [model.label(name) for name in found.names],
            "title": model.title,
            "off": found.error if np.isfinite(found.error) else None,
        }
        self.show("points", content)

    def choose(self, name: str) -> None:
        """Turn to attribute `name`."""
        self.show("chosen", {"name": name})

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's wish on."""
        self._wish, self._task = str(content.get("way", kind)), str(content.get("task", ""))
        if kind == "choose":
            self._on_choose(str(content["name"]))
        elif kind == "ask":
            self._on_ask(str(content["way"]), self._task)
        elif kind == "points":
            self._on_points()

    def fail(self, error: Exception) -> None:
        """Show an error as its sentence, and which wish it was about."""
        self.show("error", {"text": sentence_of(error), "wish": self._wish, "task": self._task})


def _attributes(
    model: "Classifier", prediction: "Prediction", judgements: Sequence[bool]
) -> list[dict[str, Any]]:
    """What the page has to know of every answer, in the order of the maps."""
    return [
        {
            "name": name,
            "label": model.label(name),
            "judgement": judgement,
            "logit": float(logit),
            "probability": float(probability),
            "constant": float(constant),
            "temperature": float(temperature),
        }
        for name, judgement, logit, probability, constant, temperature in zip(
            model.names,
            judgements,
            prediction.logits,
            prediction.probabilities,
            model.config.bias,
            model.config.temperature,
            strict=True,
        )
    ]


def offer(model: "AttributeModel") -> dict[str, Any]:
    """What the page has to know of the maps of `model`, whatever the face."""
    described = [describe(name) for name in model.names]
    return {
        "ways": [[way, title] for way, title in WAYS.items() if way != "occlusion"],
        "first": shown_first(model.config.metrics),
        "attributes": [
            {
                "name": attribute.name,
                "label": attribute.label,
                "judgement": attribute.is_judgement,
                "constant": float(constant),
                "temperature": float(temperature),
            }
            for attribute, constant, temperature in zip(
                described, model.config.bias, model.config.temperature, strict=True
            )
        ],
    }
