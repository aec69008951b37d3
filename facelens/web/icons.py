"""The page's icons, drawn: a lens with a face in it; and what a system installs it by."""

import io
import math
from typing import Any

from PIL import Image, ImageDraw

TEAL, PAPER = "#0b7373", "#f4f7f7"
COLOURS = 32  # two, and what lies between them
FINE = 4  # drawn so many times larger, then averaged
# Side in pixels, and how much of it the drawing takes: systems cut a "maskable" one round.
ICONS = {
    "32": (32, 0.94), "180": (180, 0.78), "192": (192, 0.86), "512": (512, 0.86),
    "maskable": (512, 0.62),
}  # fmt: skip


def icons() -> dict[str, bytes]:
    """Each icon as a PNG file, by its file's name."""
    return {f"{name}.png": _png(side, share) for name, (side, share) in ICONS.items()}


def _png(side: int, share: float) -> bytes:
    size = side * FINE
    picture = Image.new("RGB", (size, size), TEAL)
    draw = ImageDraw.Draw(picture)
    middle, radius, thick = size * 0.5, size * share * 0.36, size * share * 0.075
    x, y = middle - size * share * 0.06, middle - size * share * 0.06
    corner = radius * math.sqrt(0.5)
    end = middle + size * share * 0.4
    draw.line((x + corner, y + corner, end, end), PAPER, round(thick * 1.5))
    _dot(draw, end, end, thick * 0.74)
    draw.ellipse(_around(x, y, radius), PAPER)
    draw.ellipse(_around(x, y, radius - thick), TEAL)
    for sign in (-1, 1):
        _dot(draw, x + sign * radius * 0.34, y - radius * 0.2, radius * 0.11)
    draw.arc(_around(x, y, radius * 0.46), 25, 155, PAPER, round(thick * 0.8))
    file = io.BytesIO()
    small = picture.resize((side, side), Image.Resampling.LANCZOS)
    small.quantize(COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    draw.ellipse(_around(x, y, radius), PAPER)


def web_manifest() -> dict[str, Any]:
    """What a system has to know to install the page."""
    shown = [
        {"src": f"icons/{name}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": use}
        for name, side, use in (
            ("192", 192, "any"), ("512", 512, "any"), ("maskable", 512, "maskable"),
        )
    ]  # fmt: skip
    return {
        "name": "Facelens",
        "short_name": "Facelens",
        "description": "See what a neural network reads in a face, and how. Photos stay here.",
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b7373",
        "icons": shown,
    }
