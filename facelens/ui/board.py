"""The sentence and the rows: probability, threshold, verdict, and what a threshold means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.tasks.attributes.curves import Curves, doubt_bands
from facelens.tasks.attributes.names import GROUPS, JUDGEMENTS_NOTE, describe, group_title
from facelens.tasks.attributes.prior import cheapest
from facelens.tasks.attributes.thresholds import OPERATING_POINTS, operating_point
from facelens.ui._view import View, launch_address, script, source

if TYPE_CHECKING:
    from facelens.explain.whiskers import Whiskers
    from facelens.tasks.attributes.model import AttributeModel
    from facelens.tasks.classifier import Prediction

POINT_TITLES = {
    "half": "Even odds",
    "f1": "Fewest mistakes (F1)",
    "balanced": "Fair to both",
    "precision90": "Nine in ten right",
    "sure90": "Nine in ten, guaranteed",
}
HOW = {
    "half": "The threshold is 0.5 in every row.",
    "f1": "The highest F1, 2 · precision · recall / (precision + recall), where precision is at "
    "least 0.5.",
    "balanced": "The highest mean of recall and 1 - false-positive rate (balanced accuracy).",
    "precision90": "The lowest threshold with a measured precision of at least 0.9.",
    "sure90": "The lowest threshold for which a precision below 0.9 was rejected at the 5 % level, "
    "testing from the most promising one down (Learn then Test, 2021).",
}

# What a visitor may guess before the network answers: easy to see, and no judgement.
GUESSES = ("Smiling", "Mouth_Slightly_Open", "Eyeglasses", "Bangs", "Wearing_Hat")
RATIOS = (0.001, 1000)  # the least and the largest cost of a false yes, in false noes

# The columns of the curves that the page decides and speaks by.
RATES = ("precision", "recall", "fpr")
COLUMNS = (
    *(f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")),
    "doubt_low",
    "doubt_high",
)
UNKNOWN = 65535


# From which separation on a row gets two and three dots.
DOTS = (0.6, 0.8)


@dataclass(frozen=True)
class ReportRequest:
    """What a report is to hold; the page alone knows it.

    `form`: "png", "card", "csv" or "json". `thresholds`: attribute to threshold, None where out of
    reach. `marks`: attribute to whether the visitor says that it is so. `judgements`: whether the
    fold with the judgements about people is open.
    """

    form: str
    thresholds: Mapping[str, float | None]
    marks: Mapping[str, bool]
    judgements: bool


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def packed(curves: Curves) -> np.ndarray:
    """The curves in ten-thousandths, uint16 (COLUMNS, attributes, 101); `UNKNOWN` if undefined.

    Four digits are all that a bundle's curves.json has, so the page decides exactly as the library
    does, and as bytes they are a fifth of what they are as JSON.
    """
    low, high = doubt_bands(curves)
    bands = {"doubt_low": low, "doubt_high": high}
    table = np.stack([np.asarray(bands.get(name, getattr(curves, name, None))) for name in COLUMNS])
    return np.where(np.isfinite(table), np.rint(10_000 * table.astype(np.float64)), UNKNOWN).astype(
        np.uint16
    )


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


def guesses(names: Sequence[str]) -> list[str]:
    """The rows that a visitor is asked to guess."""
    plain = [name for name in names if not describe(name).is_judgement]
    return [name for name in GUESSES if name in plain] or plain[: len(GUESSES)]


def _known_first(point: str) -> int:
    known = list(OPERATING_POINTS)
    return known.index(point) if point in known else len(known)


def _point(model: "AttributeModel", name: str) -> dict[str, Any]:
    """What the page has to know about an operating point, be it one that only the bundle knows."""
    cuts = operating_point(model.config, name)
    reached = np.isfinite(cuts)
    at = np.arange(len(cuts))[reached], np.rint(cuts[reached] * 100).astype(int)
    right, found = model.curves.precision[at], model.curves.recall[at]
    means = ""
    if np.isfinite(right).any():
        means = (
            f"On validation faces, mean of {reached.sum()} rows: precision "
            f"{np.nanmean(right):.2f}, recall {np.nanmean(found):.2f}."
        )
    return {
        "name": name,
        "title": POINT_TITLES.get(name, name.replace("_", " ").strip().capitalize()),
        "about": OPERATING_POINTS.get(name, "Thresholds that come with this network."),
        "how": f"{HOW.get(name, '')} {means}".strip(),
        "thresholds": _numbers(cuts),
    }


class Board(View):
    """Show every attribute of a face.

    `on_choose(name)` gets the row the visitor asks about, `on_report(wish)` the wish to take the
    answers home, `on_whiskers(key)` the wish for the whiskers of face `key`. Thresholds and marks
    live in the page: moving one repaints there and sends nothing; they travel with a report's wish.
    """

    _esm = script("board")
    _css = source("shared.css", "board.css")

    def __init__(
        self,
        on_choose: Callable[[str], None],
        on_report: Callable[[ReportRequest], None],
        on_whiskers: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._on_choose, self._on_report, self._on_whiskers = on_choose, on_report, on_whiskers
        self._curves: Curves | None = None
        self._faces: int | None = None  # on which the curves were measured

    def introduce(self, model: "AttributeModel", address: str | None = None) -> None:
        """Tell the page what `model` can say and what its thresholds mean.

        Args:
            address: what a link to the page's settings calls the network; None for the default.
        """
        names = model.names
        found = {describe(name).group for name in names}
        groups = [*[g for g in GROUPS if g in found], *sorted(found - set(GROUPS))]
        told_apart = _numbers(model.separation())
        base = [
            None if rate is None else round(rate, 4) for rate in _numbers(model.curves.prevalence)
        ]
        content = {
            "address": address,
            "launch": launch_address(),
            "data": model.data,
            "rows": [
                row
                | {
                    "dots": _dots(apart),
                    "separation": apart,
                    "base": rate,
                    "note": model.note(row["name"]),
                    "data": model.measured_on(row["name"]),
                }
                for row, apart, rate in zip(rows(names), told_apart, base, strict=True)
            ],
            "groups": [[group, group_title(group)] for group in groups],
            "judgements": {"title": GROUPS["judgements"], "note": JUDGEMENTS_NOTE},
            "points": [
                _point(model, point)
                for point in sorted(model.config.operating_points, key=_known_first)
            ],
            "guesses": guesses(names),
            "columns": COLUMNS,
        }
        self._curves = model.curves
        self._faces = (model.config.metrics.get("valid") or {}).get("faces")
        self.show("network", content, [packed(model.curves).tobytes()])

    def read(
        self,
        prediction: "Prediction",
        hints: Sequence[str],
        key: str,
        weak: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Show what the network says about one face; `key` is that face's alone.

        `weak`: attributes that are often wrong on such faces, each with a sentence.
        """
        content = {
            "key": key,
            "logits": _numbers(prediction.logits),
            "probabilities": _numbers(prediction.probabilities),
            "hints": list(hints),
            "weak": dict(weak),
        }
        self.show("face", content)

    def whisk(self, key: str, found: "Whiskers") -> None:
        """Show how far the probabilities of face `key` move; not kept, a browser asks anew."""
        low, high = _numbers(found.low), _numbers(found.high)
        self.send({"kind": "whiskers", "key": key, "low": low, "high": high})

    def _weigh(self, ratio: float) -> None:
        """Answer which thresholds cost least if a false yes is as bad as `ratio` false noes."""
        if self._curves is None or not RATIOS[0] <= ratio <= RATIOS[1]:
            return
        best = cheapest(self._curves, ratio, faces=self._faces)
        content = {"thresholds": _numbers(best.thresholds)}
        content |= {"low": _numbers(best.low), "high": _numbers(best.high)}
        self.send({"kind": "costs", "ratio": ratio, **content})

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
        elif kind == "whiskers":
            self._on_whiskers(str(content["key"]))
        elif kind == "cost":
            self._weigh(float(content["ratio"]))
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
