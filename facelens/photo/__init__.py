"""Decode a photo to an upright RGB array, within limits of size."""

import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facelens.errors import PhotoError, printable

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 25_000_000
MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")

_ORIENTATION = 0x0112
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo.

    `pixels`: uint8 (height, width, 3), RGB, with the EXIF orientation applied.
    `hints`: sentences that say why answers about this photo are less reliable; empty if none.
    """

    pixels: np.ndarray
    name: str = "photo"
    hints: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


def read_photo(
    source: bytes | str | Path, *, name: str | None = None, seconds: float | None = None
) -> Photo:
    """Read a JPEG, PNG, WebP, BMP, GIF (its first frame) or HEIC photo, upright and in RGB.

    Args:
        source: the bytes of a photo, or its path.
        name: the photo's name in messages; by default the file name.
        seconds: how long decoding may take; a photo that takes longer is refused.

    Raises:
        PhotoError: it cannot be read, is not a photo, is damaged or exceeds the limits.

    Example:
        >>> read_photo("me.jpg").pixels.shape  # doctest: +SKIP
        (480, 640, 3)
    """
    if isinstance(source, str | Path):
        path = Path(source)
        shown = printable(name or str(source))
        return Photo(_decode(_read(path, shown), shown), name or path.name)
    shown = printable(name or "The photo")
    if len(source) > MAX_BYTES:
        raise PhotoError(_too_heavy(shown))
    return Photo(_decode(bytes(source), shown), name or "photo")


def _read(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PhotoError(f"{shown} does not exist; check the path.") from None
    except IsADirectoryError:
        raise PhotoError(
            f"{shown} is a folder; name one photo, or use facelens label for a folder."
        ) from None
    except PermissionError:
        raise PhotoError(f"{shown} cannot be read; check its permissions.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise PhotoError(f"{shown} cannot be read: {why}.") from None
    if len(data) > MAX_BYTES:
        raise PhotoError(_too_heavy(shown))
    return data


def _too_heavy(shown: str) -> str:
    return f"{shown} is larger than {MAX_BYTES // 1_000_000} MB; save it smaller and try again."


def _decode(data: bytes, shown: str) -> np.ndarray:
    from PIL import Image

    if not data:
        raise PhotoError(f"{shown} is empty; choose a photo.")
    heic = _heic_opener()
    if not heic and data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise PhotoError(
            f"{shown} is a HEIC photo; save it as JPEG, or pip install pillow-heif to read it."
        )
    with warnings.catch_warnings():
        # Pillow warns about sizes over our limit, which are refused, and about odd EXIF data, which
        # is harmless.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=[*FORMATS, *heic])
        except Image.DecompressionBombError:
            raise PhotoError(_too_large(shown)) from None
        except Exception:  # noqa: BLE001 - a hostile header may raise anything
            raise PhotoError(
                f"{shown} is not a photo that can be read; use JPEG, PNG, WebP, BMP or GIF."
            ) from None
        with image:
            if image.width * image.height > MAX_PIXELS:
                raise PhotoError(_too_large(shown, f" ({image.width:,} x {image.height:,})"))
            try:
                return _pixels(image, data)
            except Exception:  # noqa: BLE001 - so may a hostile body
                raise PhotoError(
                    f"{shown} is damaged or cut short; save or copy it again."
                ) from None


def _too_large(shown: str, size: str = "") -> str:
    limit = f"{MAX_PIXELS // 1_000_000} million pixels"
    return f"{shown} has more than {limit}{size}; save it smaller and try again."


@cache
def _heic_opener() -> tuple[str, ...]:
    try:
        import pillow_heif
    except ImportError:
        return ()
    pillow_heif.register_heif_opener()
    return ("HEIF",)


def _decoded(image: "Image.Image") -> np.ndarray:
    image.load()
    if image.mode.startswith("I;16"):
        # Pillow would clip: both 256 and 65535 become 255.
        grey = (np.asarray(image, np.uint32) * 255 + 32767) // 65535
        return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)
    return np.array(_opaque(image))


def _pixels(image: "Image.Image", data: bytes) -> np.ndarray:
    pixels = _decoded_at_once(image, data)
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a photo with broken EXIF is still a photo
        orientation = 1
    if pixels is None:
        pixels = _decoded(image)
    return np.ascontiguousarray(_upright(pixels, orientation))


def _decoded_at_once(image: "Image.Image", data: bytes) -> np.ndarray | None:
    """Decode an ordinary, complete JPEG with OpenCV: the same pixels in a third of the time.

    None if the file is unusual in any way; Pillow handles more cases.
    """
    import cv2

    if image.format != "JPEG" or image.mode not in ("RGB", "L") or data[-2:] != b"\xff\xd9":
        return None
    how = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    return pixels if pixels is not None and pixels.shape[1::-1] == image.size else None


def _opaque(image: "Image.Image") -> "Image.Image":
    """Convert to RGB, with transparent parts over white."""
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(layer, mask=layer.getchannel("A"))
    return page


def _upright(pixels: np.ndarray, orientation: object) -> np.ndarray:
    """Undo an EXIF orientation, 1 to 8 (Exif 2.32, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels
