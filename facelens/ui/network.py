"""Which network answers: choose one, and read its model card."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.bundles.find import is_repository
from facelens.bundles.hub import Progress
from facelens.serve.offered import may_choose_freely, offer_of, offered
from facelens.ui._view import View, script, source
from facelens.ui.strengths import Strength, compared, strength_of

if TYPE_CHECKING:
    from facelens.tasks.base import Model
    from facelens.tasks.config import Config


class Network(View):
    """Offer the networks of this page; `on_choose(name)` gets the one that the visitor wants.

    It loads the network and calls `introduce`, or raises and the network before stays. The page's
    address may choose too: `?network=resnet50`.
    """

    _esm = script("network")
    _css = source("shared.css", "sheet.css", "network.css")

    def __init__(self, on_choose: Callable[[str], None]) -> None:
        super().__init__()
        self._on_choose = on_choose
        self._model: Model | None = None
        self._titles: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._strengths: dict[str, Strength] = {}
        for name in offered():
            offer = offer_of(name)
            self._titles[name] = offer.title
            self._note(name, offer.config)
        self._show(None)

    def key(self, name: str) -> str:
        """What the page calls the network `name`: a folder by its last part alone."""
        if name not in self._keys:
            short = name if is_repository(name) else Path(name).name
            key, number = short, 1
            while key in self._keys.values():
                number += 1
                key = f"{short}-{number}"
            self._keys[name] = key
        return self._keys[name]

    def introduce(self, model: "Model", name: str) -> None:
        """Say that `model`, which was asked for as `name`, is the one that answers."""
        self._model = model
        # Two repositories may hold networks of the same title.
        self._titles[name] = f"{model.title}, {name}" if is_repository(name) else model.title
        self._note(name, model.config)
        self._show(name)

    def took(self, name: str, milliseconds: float) -> None:
        """Say how long the network `name` took for a face on this machine."""
        self.show("speed", {"name": self.key(name), "milliseconds": milliseconds})

    def withdraw(self, name: str) -> None:
        """Offer the network `name` no longer."""
        self._titles.pop(name, None)
        self._keys.pop(name, None)

    def tell(self, text: str) -> None:
        """Say how far the network is that the visitor waits for."""
        self.send({"kind": "progress", "text": text})

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's choice on; send the model card when it is opened."""
        if kind == "choose":
            key = str(content["name"])
            self._on_choose(next((name for name in self._titles if self.key(name) == key), key))
            self.send({"kind": "settled"})
        elif kind == "card" and self._model:
            from facelens.ui.card import card_html

            # Not `show`: a view that is drawn later has not asked for it.
            self.send({"kind": "card", "html": card_html(self._model.card)})

    def _note(self, name: str, config: "Config | None") -> None:
        if config is not None and (strength := strength_of(config)):
            self._strengths[name] = strength

    def _show(self, used: str | None) -> None:
        networks = [[self.key(name), title] for name, title in self._titles.items()]
        used = None if used is None else self.key(used)
        figures = {self.key(name): each for name, each in compared(self._strengths).items()}
        self.show(
            "networks",
            {"networks": networks, "figures": figures, "free": may_choose_freely(), "used": used},
        )


def told(name: str, tell: Callable[[str], None]) -> Progress:
    """Tell a visitor in megabytes how much of the network `name` has come."""
    said = ""

    def progress(came: int, total: int) -> None:
        nonlocal said
        digits = 0 if total > 10e6 else 1
        text = (
            f"Fetching {name} from the Hub: {came / 1e6:.{digits}f} of {total / 1e6:.{digits}f} MB"
        )
        if text != said:
            tell(said := text)

    return progress
