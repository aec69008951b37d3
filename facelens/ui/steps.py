"""Step by step: this very face through one filter of the first layer, ReLU and pooling."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.explain.layers import viridis
from facelens.explain.stem import Stem, filter_picture
from facelens.tasks.base import Layer
from facelens.ui._view import View, png, script, source

if TYPE_CHECKING:
    from facelens.tasks.classifier import Classifier

FULL = 65535  # full colour as the browser gets it; 255 would be too coarse to add up to the map


class Steps(View):
    """Walk the face through convolution, ReLU and pooling, one filter at a time.

    The browser asks once the panel comes into sight: `on_ask(channel)` gets the filter's number,
    None for the most telling one.
    """

    _esm = script("steps")
    _css = source("shared.css", "steps.css")

    def __init__(self, on_ask: Callable[[int | None], None]) -> None:
        super().__init__()
        self._on_ask = on_ask

    def offer(self, model: "Classifier") -> None:
        """Say whether `model` begins with a convolution and a ReLU that can be shown."""
        self._shown.pop("steps", None)
        self.show("offer", {"able": able(model)})

    def draw(
        self, crop: np.ndarray, layers: Sequence[Layer], stem: Stem | None, channel: int | None
    ) -> None:
        """Show what filter `channel` makes of `crop`; without `stem` the filter itself is hidden.

        `layers`: of this crop; the first two are the convolution and its ReLU.
        """
        first, second, third = (layer.maps for layer in layers[:3])
        ceiling = float(second.max())
        if not np.allclose(second, np.clip(first, 0, ceiling), atol=1e-4):
            self.show("offer", {"able": False})  # it is no ReLU that comes second
            return
        order = _telling(first)
        channel = order[0] if channel is None or not 0 <= channel < len(first) else channel
        convolved, kept = first[channel], second[channel]
        pooled = _pooled_by_three(kept)
        own = third.shape == (len(first), *pooled.shape) and np.allclose(third[channel], pooled)
        if not own:
            pooled = _pooled(kept)
        content: dict[str, Any] = {
            "channel": channel,
            "channels": order,
            "shape": list(convolved.shape),
            "pooled": list(pooled.shape),
            "pools": bool(own),
            "ceiling": bool(ceiling <= 6 < first.max()),
            "filter": None,
        }
        picture = None if stem is None else stem.picture(crop)
        seen = crop if picture is None else (picture * 255).round().astype(np.uint8)
        buffers = [
            png(seen), viridis().tobytes(),
            *(np.ascontiguousarray(m, np.float32).tobytes() for m in (convolved, kept, pooled)),
        ]  # fmt: skip
        if stem is not None and picture is not None:
            content["filter"] = {
                "side": stem.side,
                "stride": stem.stride,
                "size": list(stem.size),
                "bias": float(stem.constants[channel]),
            }
            padded = (stem.padded(picture) * FULL).round().astype(np.uint16)
            buffers += [padded.tobytes(), np.ascontiguousarray(stem.filters[channel]).tobytes()]
            buffers += [png(filter_picture(stem.filters[each])) for each in order]
        self.show("steps", content, buffers)

    def receive(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:  # noqa: ARG002
        """Pass the visitor's wish on."""
        if kind == "ask":
            channel = content.get("channel")
            self._on_ask(None if channel is None else int(channel))


def able(model: "Classifier") -> bool:
    """Whether `model` shows two layers of one shape first, as a convolution and its ReLU are."""
    views = model.config.layers
    return len(views) > 2 and views[0].shape == views[1].shape


def _telling(maps: np.ndarray) -> list[int]:
    """Channels by how much their answers differ over the face, those first that ReLU halves.

    A map that lies all above or all below zero shows nothing of what ReLU does.
    """
    negative = (maps < 0).mean((1, 2))
    halved = (negative > 0.15) & (negative < 0.85)
    return [int(channel) for channel in np.lexsort((-maps.std((1, 2)), ~halved))]


def _pooled_by_three(values: np.ndarray) -> np.ndarray:
    """The largest of 3 x 3 fields at every second place, as ResNets pool."""
    import cv2

    return np.ascontiguousarray(cv2.dilate(values, np.ones((3, 3), np.uint8))[::2, ::2])


def _pooled(values: np.ndarray) -> np.ndarray:
    """The largest of every 2 x 2 fields, float32 (h // 2, w // 2)."""
    height, width = (side // 2 for side in values.shape)
    return values[: 2 * height, : 2 * width].reshape(height, 2, width, 2).max((1, 3))
