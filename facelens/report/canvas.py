"""A page to draw on with Pillow: rounded shapes, lines of text, and the letters of its font."""

import io
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageFont

INK = "#1c2b2d"


class Canvas:
    """A page to draw on; what lies below its end is only measured."""

    def __init__(self, width: int, height: int, colour: str = "white") -> None:
        from PIL import Image, ImageDraw

        self.page = Image.new("RGB", (width, height), colour)
        self.draw = ImageDraw.Draw(self.page)

    def write(
        self,
        at: tuple[int, int],
        text: str,
        size: int,
        colour: str = INK,
        *,
        bold: bool = False,
        anchor: str = "la",
    ) -> None:
        # Pillow's own font has one weight; a stroke makes it bold.
        stroke = size / 40 if bold else 0
        self.draw.text(at, plain(text), colour, font(size), anchor, stroke_width=stroke)
        self._dots(at, text, size, colour, anchor)

    def _dots(self, at: tuple[int, int], text: str, size: int, colour: str, anchor: str) -> None:
        """Put the dots on ä, ö, ü: the font has the letters without them."""
        x, y = at
        ascent, descent = font(size).getmetrics()
        start = x - {"l": 0, "m": 0.5, "r": 1}[anchor[0]] * length(text, size)
        baseline = y + {"a": ascent, "m": (ascent - descent) / 2, "s": 0}[anchor[1]]
        dot, apart = max(2, round(0.11 * size)), 0.2 * size
        for i, letter in enumerate(text):
            base, _, mark = unicodedata.normalize("NFD", letter).partition(DIAERESIS)
            if mark or len(base) != 1 or base in "iI" or not _dotted(letter):
                continue
            middle = start + length(text[:i], size) + length(base, size) / 2
            top = baseline + font(size).getbbox(base, anchor="ls")[1] - 0.06 * size - dot
            for side in (-apart / 2, apart / 2):
                corner = round(middle + side - dot / 2), round(top)
                self.pill((*corner, dot, dot), colour, dot / 2)

    def paragraph(
        self,
        at: tuple[int, int],
        text: str,
        size: int,
        colour: str = INK,
        *,
        width: int | None = None,
    ) -> int:
        """Write lines of at most `width` and return the y of the next one.

        Args:
            width: up to a right margin as wide as the left one, if none is given.
        """
        x, y = at
        for line in wrap(text, size, width or self.page.width - 2 * x):
            self.write((x, y), line, size, colour)
            y += leading(size)
        return y

    def pill(
        self, box: tuple[int, int, int, int], colour: str, radius: float, *, share: float = 1
    ) -> None:
        """Fill the left `share` of a rounded rectangle: x, y, width, height."""
        x, y, width, height = box
        self.page.paste(colour, (x, y), rounded((width, height), radius, share))

    def paste(self, picture: "Image.Image", x: int, y: int) -> None:
        """Put a picture on the page, its corners rounded."""
        self.page.paste(picture, (x, y), rounded(picture.size, 10))

    def png(self) -> bytes:
        """The page as a file."""
        file = io.BytesIO()
        self.page.save(file, "PNG")
        return file.getvalue()


def rounded(size: tuple[int, int], radius: float, share: float = 1) -> "Image.Image":
    """A mask with anti-aliased corners, cut off at `share` of its width."""
    from PIL import Image, ImageDraw

    fine = 4
    width, height = size[0] * fine, size[1] * fine
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius * fine, 255)
    draw.rectangle((round(share * width), 0, width, height), 0)
    return mask.reduce(fine)


@lru_cache
def font(size: int) -> "ImageFont.FreeTypeFont":
    """Pillow's own font, which is on every machine."""
    from PIL import ImageFont

    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


def length(text: str, size: int) -> float:
    """How wide a line of text is, in pixels."""
    return font(size).getlength(plain(text))


def leading(size: int) -> int:
    """The distance of two lines."""
    return round(1.45 * size)


def wrap(text: str, size: int, width: int, *, most: int = 12) -> list[str]:
    """Wrap text into at most `most` lines."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and length(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(fit(word, size, width))
    if len(lines) > most:
        lines[most - 1] = fit(f"{' '.join(lines[most - 1 :])}", size, width)
    return lines[:most]


def fit(text: str, size: int, width: int) -> str:
    """Shorten text that is too wide, with an ellipsis."""
    if length(text, size) <= width:
        return text
    text = text[:width]  # no letter is narrower than a pixel
    while text and length(f"{text}…", size) > width:
        text = text[:-1].rstrip()
    return f"{text}…"


DIAERESIS = "\u0308"


def _dotted(letter: str) -> bool:
    return DIAERESIS in unicodedata.normalize("NFD", letter) and not _has(letter)


# Letters that Pillow's font lacks and Unicode does not decompose.
_SPELT = {"–": "-", "—": "-", "−": "-", "×": "x", "⁄": "/", "ß": "ss"}  # noqa: RUF001


def plain(text: str) -> str:
    """Text in the letters that the font has: accents dropped, unknown letters as question marks."""
    return "".join(map(_spell, text))


@lru_cache
def _spell(letter: str) -> str:
    if _has(letter):
        return letter
    parts = unicodedata.normalize("NFKD", _SPELT.get(letter, letter))
    parts = "".join(_SPELT.get(part, part) for part in parts if not unicodedata.combining(part))
    return "".join(part if _has(part) else "?" for part in parts)


def _has(letter: str) -> bool:
    def ink(shown: str) -> bytes:
        return bytes(font(20).getmask(shown))

    return letter.isprintable() and ink(letter) != ink("\uffff")
