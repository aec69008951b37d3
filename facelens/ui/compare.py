"""Two faces side by side: which probabilities moved most."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.explain.exchange import REGIONS, Region
from facelens.faces import Face
from facelens.tasks.attributes.names import JUDGEMENTS_NOTE, describe
from facelens.ui._view import View, jpeg, script, source

if TYPE_CHECKING:
    from facelens.tasks.classifier import Prediction


# What is said of a composed face. The answer is exact; the face is nobody's.
EXCHANGED: dict[Region, str] = {
    "eyes": "Eyes and eyebrows are the first face's, their colours matched at the cheeks. Whatever "
    "moved was moved by them, or by their seam.",
    "mouth": "The mouth is the first face's, its colours matched at the cheeks. Whatever moved was "
    "moved by it, or by its seam.",
    "hair": "The hair is the first face's in its own colour; the forehead and what is behind came "
    "along. Whatever moved was moved by them, or by their seam.",
}


@dataclass(frozen=True, eq=False)
class Reading:
    """A face, what was said of it, and by which network."""

    face: Face
    prediction: "Prediction"
    model: str


class Compare(View):
    """Keep one face, set every later one beside it, and exchange regions between them.

    `on_keep()` asks for the face that is on the page to be kept, `on_drop()` lets it go;
    `on_exchange(region)` asks for a region of the kept face to be put into the one on the page.
    """

    _esm = script("compare")
    _css = source("shared.css", "compare.css")

    def __init__(
        self,
        on_keep: Callable[[], None],
        on_drop: Callable[[], None],
        on_exchange: Callable[[Region], None],
    ) -> None:
        super().__init__()
        self._on_keep, self._on_drop, self._on_exchange = on_keep, on_drop, on_exchange

    def offer(self) -> None:
        """Offer to keep the face that is on the page."""
        self._shown.clear()
        self.show("offer", {})

    def kept(self, first: Reading) -> None:
        """Show the face that was kept, and wait for another."""
        self._shown.clear()
        self.show("kept", {}, [jpeg(first.face.crop, quality=90)])

    def draw(self, first: Reading, second: Reading) -> None:
        """Show `first` and `second` and what moved between them, most first."""
        self._shown.clear()
        rows = _moves(first.prediction, second.prediction)
        ordinary = [abs(row["after"] - row["before"]) for row in rows if not row["judgement"]]
        content: dict[str, Any] = {
            "rows": rows,
            "note": JUDGEMENTS_NOTE,
            "networks": [first.model, second.model],
            "moved": float(np.mean(ordinary)) if ordinary else None,
        }
        pictures = [jpeg(each.face.crop, quality=90) for each in (first, second)]
        self.show("pair", content, pictures)

    def exchanged(
        self, region: Region, crop: np.ndarray, before: "Prediction", after: "Prediction"
    ) -> None:
        """Show the second face with a region of the first, and what moved by that.

        Args:
            crop: the composed face, uint8 (218, 178, 3).
            before: the answer about the second face as it is.
            after: the answer about `crop`.
        """
        content = {
            "region": region,
            "text": EXCHANGED[region],
            "rows": _moves(before, after),
            "note": JUDGEMENTS_NOTE,
        }
        self.show("exchanged", content, [jpeg(crop, quality=90)])

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's wish on."""
        if kind == "keep":
            self._on_keep()
        elif kind == "drop":
            self._on_drop()
        elif kind == "exchange":
            for region in REGIONS:
                if region == content["region"]:
                    self._on_exchange(region)


def _moves(before: "Prediction", after: "Prediction") -> list[dict[str, Any]]:
    """The rows that both answers have, those that moved most first."""
    moved = sorted(
        (
            (describe(name), before[name], after[name])
            for name in after.names
            if name in before.names
        ),
        key=lambda row: -abs(row[2] - row[1]),
    )
    return [
        {"label": each.label, "judgement": each.is_judgement, "before": was, "after": now}
        for each, was, now in moved
    ]
