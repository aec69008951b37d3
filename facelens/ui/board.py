"""The sentence and the rows: probability, threshold, verdict, and what a threshold means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.tasks.attributes.curves import curves_for_page
from facelens.tasks.attributes.names import GROUPS, JUDGEMENTS_NOTE, describe, group_title
from facelens.tasks.attributes.thresholds import OPERATING_POINTS, operating_point
from facelens.ui._view import View, launch_address, script, source

if TYPE_CHECKING:
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction

POINT_TITLES = {
    "half": "One half",
    "f1": "Best F1",
    "balanced": "Balanced",
    "precision90": "90 % right",
}


SHOWN = ("precision", "precision_low", "precision_high", "recall", "doubt_low", "doubt_high")


# From which separation on a row gets two and three dots.
DOTS = (0.6, 0.8)


@dataclass(frozen=True)
class ReportRequest:
    """What a report is to hold; the page alone knows it.

    `form`: "png", "csv" or "json". `thresholds`: attribute to threshold, None where out of reach.
    `marks`: attribute to whether the visitor says that it is so. `judgements`: whether the
    fold with the judgements about people is open.
    """

    form: str
    thresholds: Mapping[str, float | None]
    marks: Mapping[str, bool]
    judgements: bool


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
    """Show every attribute of a face.

    `on_choose(name)` gets the row the visitor asks about, `on_report(wish)` the wish to take the
    answers home. Thresholds and marks live in the page: moving one repaints there and sends
    nothing; they travel with a report's wish.
    """

    _esm = script("board")
    _css = source("shared.css", "board.css")

    def __init__(
        self, on_choose: Callable[[str], None], on_report: Callable[[ReportRequest], None]
    ) -> None:
        super().__init__()
        self._on_choose, self._on_report = on_choose, on_report

    def introduce(self, model: "AttributeModel", address: str | None = None) -> None:
        """Tell the page what `model` can say and what its thresholds mean.

        Args:
            address: what a link to the page's settings calls the network; None for the default.
        """
        names = model.names
        found = {describe(name).group for name in names}
        groups = [*[g for g in GROUPS if g in found], *sorted(found - set(GROUPS))]
        # The bundle's own four digits, so that the page decides exactly as the library does.
        curves = curves_for_page(model.curves, digits=4)
        told_apart = model.separation()
        content = {
            "address": address,
            "launch": launch_address(),
            "data": model.data,
            "rows": [
                row
                | {
                    "dots": _dots(value),
                    "separation": value,
                    "note": model.note(row["name"]),
                    "data": model.measured_on(row["name"]),
                }
                for row, value in zip(rows(names), _numbers(told_apart), strict=True)
            ],
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

    def read(self, prediction: "Prediction", hints: Sequence[str], key: str) -> None:
        """Show what the network says about one face; `key` is that face's alone."""
        content = {
            "key": key,
            "logits": _numbers(prediction.logits),
            "probabilities": _numbers(prediction.probabilities),
            "hints": list(hints),
        }
        self.show("face", content)

    def choose(self, name: str) -> None:
        """Mark the row that the heat map is about."""
        self.show("chosen", {"name": name})

    def hand_over(self, data: bytes, name: str, kind: str) -> None:
        """Give the browser a file to save; it is not kept."""
        self.send({"kind": "file", "name": name, "type": kind}, [data])

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
        elif kind == "report":
            self._on_report(
                ReportRequest(
                    form=str(content["form"]),
                    thresholds={
                        str(name): None if value is None else min(1.0, max(0.0, float(value)))
                        for name, value in content["thresholds"].items()
                    },
                    marks={str(name): bool(right) for name, right in content["marks"].items()},
                    judgements=bool(content["judgements"]),
                )
            )


def _dots(value: float | None) -> int:
    """One to three, for how well yes and no are told apart; none where nobody knows."""
    return 0 if value is None else 1 + sum(value >= least for least in DOTS)
