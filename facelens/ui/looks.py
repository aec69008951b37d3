"""Where the network looks: the class activation map of one attribute over the face."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.attributes import describe
from facelens.faces import Face
from facelens.layers import overlay
from facelens.ui._view import View, jpeg, png, source

if TYPE_CHECKING:
    from facelens.model import Prediction


class Looks(View):
    """Show the straightened face beside its map; `on_choose(name)` gets the attribute asked for."""

    _esm = source("shared.js", "looks.js")
    _css = source("shared.css", "looks.css")

    def __init__(self, on_choose: Callable[[str], None]) -> None:
        super().__init__()
        self._on_choose = on_choose

    def draw(self, face: Face, number: int, count: int, names: Sequence[str]) -> None:
        """Show face `number` of `count`, straightened, and offer the attributes `names`."""
        described = [describe(name) for name in names]
        content = {
            "number": number,
            "alone": count == 1,
            "names": [[a.name, a.label] for a in described if not a.is_judgement],
        }
        self.show("crop", content, [jpeg(face.crop, quality=92)])

    def light(self, face: Face, name: str, values: np.ndarray, prediction: "Prediction") -> None:
        """Show the signed map `values` float32 (h, w) of attribute `name` over `face`."""
        index = prediction.names.index(name)
        content = {
            "name": name,
            "label": describe(name).label,
            "logit": float(prediction.logits[index]),
            "probability": float(prediction.probabilities[index]),
            "height": values.shape[0],
            "width": values.shape[1],
            "top": float(values.max()),
            "blank": bool(values.max() <= 0),
        }
        self.show("map", content, [png(overlay(face.crop, values, opacity=0.75))])

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's choice on."""
        if kind == "choose":
            self._on_choose(str(content["name"]))
