"""Which network answers: choose one, and read its model card."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from facelens.model.offered import is_repository, may_choose_freely, offered, title_of
from facelens.ui._view import View, source

if TYPE_CHECKING:
    from facelens.model import Model


class Network(View):
    """Offer the networks of this page; `on_choose(name)` gets the one that the visitor wants.

    It loads the network and calls `introduce`, or raises and the network before stays. The page's
    address may choose too: `?network=resnet50`.
    """

    _esm = source("shared.js", "network.js")
    _css = source("shared.css", "network.css")

    def __init__(self, on_choose: Callable[[str], None]) -> None:
        super().__init__()
        self._on_choose = on_choose
        self._model: Model | None = None
        self._titles = {name: title_of(name) for name in offered()}
        self._show(None)

    def introduce(self, model: "Model", name: str) -> None:
        """Say that `model`, which was asked for as `name`, is the one that answers."""
        self._model = model
        # Two repositories may hold networks of the same title.
        self._titles[name] = f"{model.title}, {name}" if is_repository(name) else model.title
        self._show(name)

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's choice on; send the model card to whoever opens it."""
        if kind == "choose":
            self._on_choose(str(content["name"]))
            self.send({"kind": "settled"})
        elif kind == "card" and self._model:
            from facelens.ui.card import card_html

            # Not `show`: a view that is drawn later has not asked for it.
            self.send({"kind": "card", "html": card_html(self._model.card)})

    def _show(self, used: str | None) -> None:
        content = {"networks": list(self._titles.items()), "free": may_choose_freely()}
        self.show("networks", {**content, "used": used})
