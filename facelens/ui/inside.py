"""Inside the network: the feature maps of one layer, those that change most first."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from facelens.explain.layers import colour, most_varied
from facelens.tasks.base import Layer
from facelens.ui._view import View, png, script, source

if TYPE_CHECKING:
    from facelens.tasks.classifier import Classifier

MOST = 32


class Inside(View):
    """Show what a layer makes of the face.

    Feature maps weigh more than all else on the page, so the browser asks for them once the
    panel comes into sight: `on_ask(name)` gets the layer.
    """

    _esm = script("inside")
    _css = source("shared.css", "inside.css")

    def __init__(self, on_ask: Callable[[str], None]) -> None:
        super().__init__()
        self._on_ask = on_ask

    def offer(self, model: "Classifier", picture: bytes) -> None:
        """Say which layers of `model` can be looked at for the face just picked, a JPEG."""
        content = {
            "layers": [[view.name, view.title, view.shape] for view in model.config.layers],
            "size": list(model.config.input_size),
            "answers": len(model.names),
        }
        self._shown.pop("layer", None)
        self.show("layers", content, [picture])

    def draw(self, layer: Layer) -> None:
        """Show the maps of `layer` that change most over the face, each on its own scale."""
        channels = most_varied(layer, MOST)
        maps = [
            {
                "channel": channel,
                "mean": float(layer.maps[channel].mean()),
                "low": float(layer.maps[channel].min()),
                "high": float(layer.maps[channel].max()),
                "deviation": float(layer.maps[channel].std()),
                "silent": float((layer.maps[channel] <= 0).mean()),
            }
            for channel in channels
        ]
        content = {
            "name": layer.name,
            "title": layer.title,
            "caption": layer.caption,
            "shape": list(layer.maps.shape),
            "maps": maps,
        }
        self.show("layer", content, [png(colour(layer.maps[channel])) for channel in channels])

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's wish on."""
        if kind == "ask":
            self._on_ask(str(content["name"]))
