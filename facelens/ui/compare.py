"""Two faces side by side: which probabilities moved most."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.faces import Face
from facelens.tasks.attributes.names import JUDGEMENTS_NOTE, describe
from facelens.ui._view import View, jpeg, script, source

if TYPE_CHECKING:
    from facelens.tasks.classifier import Prediction


@dataclass(frozen=True, eq=False)
class Reading:
    """A face, what was said of it, and by which network."""

    face: Face
    prediction: "Prediction"
    model: str


class Compare(View):
    """Keep one face and set every later one beside it.

    `on_keep()` asks for the face that is on the page to be kept, `on_drop()` lets it go.
    """

    _esm = script("compare")
    _css = source("shared.css", "compare.css")

    def __init__(self, on_keep: Callable[[], None], on_drop: Callable[[], None]) -> None:
        super().__init__()
        self._on_keep, self._on_drop = on_keep, on_drop

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
        moved = sorted(
            (
                (describe(name), first.prediction[name], second.prediction[name])
                for name in second.prediction.names
                if name in first.prediction.names
            ),
            key=lambda row: -abs(row[2] - row[1]),
        )
        ordinary = [abs(after - before) for each, before, after in moved if not each.is_judgement]
        rows = [
            {
                "label": attribute.label,
                "judgement": attribute.is_judgement,
                "before": before,
                "after": after,
            }
            for attribute, before, after in moved
        ]
        content: dict[str, Any] = {
            "rows": rows,
            "note": JUDGEMENTS_NOTE,
            "networks": [first.model, second.model],
            "moved": float(np.mean(ordinary)) if ordinary else None,
        }
        pictures = [jpeg(each.face.crop, quality=90) for each in (first, second)]
        self.show("pair", content, pictures)

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's wish on."""
        if kind == "keep":
            self._on_keep()
        elif kind == "drop":
            self._on_drop()
