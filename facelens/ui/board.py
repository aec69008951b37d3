"""The sentence and the rows: probability, threshold, verdict, and what a threshold means."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.attributes import GROUPS, JUDGEMENTS_NOTE, describe, group_title
from facelens.thresholds import OPERATING_POINTS, curves_for_page, operating_point
from facelens.ui._view import View, source

if TYPE_CHECKING:
    from facelens.model import Model, Prediction

POINT_TITLES = {
    "half": "One half",
    "f1": "Best F1",
    "balanced": "Balanced",
    "precision90": "90 % right",
}


SHOWN = ("precision", "precision_low", "precision_high", "recall", "doubt_low", "doubt_high")


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def rows(names: Sequence[str]) -> list[dict[str, Any]]:
    """What the page has to know about each attribute."""
    described = [describe(name) for name in names]
    return [
        {
            "name": attribute.name,
            "label": attribute.label,
            "yes": attribute.yes,
            "no": attribute.no,
            "note": attribute.note,
            "group": attribute.group,
            "judgement": attribute.is_judgement,
            "telling": attribute.no_is_news,
        }
        for attribute in described
    ]


class Board(View):
    """Show every attribute of a face; `on_choose(name)` gets the row the visitor asks about.

    Thresholds live in the page: moving one repaints there and sends nothing.
    """

    _esm = source("shared.js", "verdicts.js", "board.js")
    _css = source("shared.css", "board.css")

    def __init__(self, on_choose: Callable[[str], None]) -> None:
        super().__init__()
        self._on_choose = on_choose

    def introduce(self, model: "Model") -> None:
        """Tell the page what `model` can say and what its thresholds mean."""
        names = model.names
        found = {describe(name).group for name in names}
        groups = [*[g for g in GROUPS if g in found], *sorted(found - set(GROUPS))]
        # The bundle's own four digits, so that the page decides exactly as the library does.
        curves = curves_for_page(model.curves, digits=4)
        content = {
            "rows": rows(names),
            "groups": [[group, group_title(group)] for group in groups],
            "judgements": {"title": GROUPS["judgements"], "note": JUDGEMENTS_NOTE},
            "points": [
                {
                    "name": point,
                    "title": POINT_TITLES[point],
                    "about": about,
                    "thresholds": _numbers(operating_point(model.config, point)),
                }
                for point, about in OPERATING_POINTS.items()
                if point in model.config.operating_points
            ],
            "curves": {
                name: {column: curve[column] for column in SHOWN} for name, curve in curves.items()
            },
        }
        self.show("network", content)

    def read(self, prediction: "Prediction", hints: Sequence[str]) -> None:
        """Show what the network says about one face."""
        content = {
            "logits": _numbers(prediction.logits),
            "probabilities": _numbers(prediction.probabilities),
            "hints": list(hints),
        }
        self.show("face", content)

    def choose(self, name: str) -> None:
        """Mark the row that the heat map is about."""
        self.show("chosen", {"name": name})

    def clear(self) -> None:
        """Forget the face; what the network can say stays."""
        network = self._shown.get("network")
        super().clear()
        if network:
            self._shown["network"] = network

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's choice on."""
        if kind == "choose":
            self._on_choose(str(content["name"]))
