"""Draw activation maps: colours, overlays and grids."""

import numpy as np

from facelens.tasks.base import Layer


def strongest(layer: Layer, count: int) -> list[int]:
    """The `count` channels with the highest mean absolute activation."""
    strength = np.abs(layer.maps).mean((1, 2))
    return [int(channel) for channel in np.argsort(-strength, kind="stable")[:count]]


def most_varied(layer: Layer, count: int) -> list[int]:
    """The `count` channels that change most from place to place, by their standard deviation."""
    return [int(c) for c in np.argsort(-layer.maps.std((1, 2)), kind="stable")[:count]]


def viridis() -> np.ndarray:
    """The viridis colour map from dark to bright, uint8 (256, 3) RGB."""
    import cv2

    steps = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1])


def colour(
    values: np.ndarray, *, low: float | None = None, high: float | None = None
) -> np.ndarray:
    """Colour a map float (h, w) with viridis: uint8 (h, w, 3) RGB.

    `low` and `high` are the values of the darkest and brightest colour, by default the map's
    minimum and maximum. A constant map is dark.
    """
    low = float(values.min()) if low is None else low
    high = float(values.max()) if high is None else high
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return viridis()[(np.clip(share, 0, 1) * 255).astype(np.uint8)]


def overlay(
    crop: np.ndarray, values: np.ndarray, *, opacity: float = 0.5, high: float | None = None
) -> np.ndarray:
    """Overlay the evidence for an attribute on the face, uint8 (218, 178, 3).

    Only positive evidence is coloured: `values` (h, w) from 0 to `high`, by default the map's
    maximum. Without it the face is grey.
    """
    import cv2

    height, width = crop.shape[:2]
    top = float(values.max()) if high is None else high
    smooth = cv2.resize(values.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    share = np.clip(smooth / top, 0, 1) if top > 0 else np.zeros_like(smooth)
    grey = crop.mean(2, keepdims=True).repeat(3, 2)
    weight = (opacity * share)[..., None]
    return ((1 - weight) * grey + weight * colour(share, low=0, high=1)).astype(np.uint8)


def grid(layer: Layer, count: int = 32, *, columns: int = 8, tile: int = 64) -> np.ndarray:
    """The strongest `count` maps in a grid, each on its own scale, uint8 (h, w, 3)."""
    import cv2

    channels = strongest(layer, count)
    rows = -(-len(channels) // columns)
    height = max(1, round(tile * layer.maps.shape[1] / layer.maps.shape[2]))
    gap = 4
    shape = (rows * (height + gap) - gap, columns * (tile + gap) - gap, 3)
    picture = np.full(shape, 255, np.uint8)
    for i, channel in enumerate(channels):
        y, x = i // columns * (height + gap), i % columns * (tile + gap)
        picture[y : y + height, x : x + tile] = cv2.resize(
            colour(layer.maps[channel]), (tile, height), interpolation=cv2.INTER_NEAREST
        )
    return picture
