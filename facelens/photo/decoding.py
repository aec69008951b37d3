"""Decode the bytes of a photo: recognise the format, check the file, decode, colours, upright."""

import contextlib
import io
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from facelens.photo import jpeg
from facelens.photo.colour import strips, to_srgb
from facelens.photo.containers import WebP, check_png, check_tiff, check_webp
from facelens.photo.exif import orientation_of, upright
from facelens.photo.limits import (
    COSTLY,
    DAMAGED,
    MAX_PIXELS,
    UNKNOWN,
    UnreadableError,
    check_size,
)

if TYPE_CHECKING:
    from PIL import Image

HEIC = "is a HEIC photo; save it as JPEG, or pip install pillow-heif to read it."
# Pillow unpacks run-length encoded BMPs in Python: two seconds.
MAX_RUNS = 1_500_000

_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
# The sizes of the headers that a BMP may have.
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
# Bytes a pixel while Pillow decodes, a helper's copy included.
_COST = {"GIF": 5.0, "BMP": 7.0, "AVIF": 13.0, "HEIF": 9.0, "TIFF": 7.0}


def kind_of(head: bytes) -> str:
    """Recognise a photo by its first bytes, 64 are enough: JPEG, PNG, …; "" if it is none."""
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head[4:8] == b"ftyp":
        size = min(int.from_bytes(head[:4], "big"), 64)
        brands = {head[at : at + 4] for at in (8, *range(16, size, 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIF"
    return ""


def reads_heic() -> bool:
    """Whether pillow-heif is installed."""
    return find_spec("pillow_heif") is not None


# Pixels that are decoded in a third of a second.
QUICK = 16_000_000
# What a file's body does may not be known from its header: these are decoded by a helper process.
GUARDED = ("TIFF", "AVIF", "HEIF")


def is_quick(data: bytes, seconds: float | None) -> bool:
    """Whether to decode at once: the format is guarded by none, and little work if time counts.

    Raises:
        UnreadableError: its header alone is enough to refuse it.
    """
    kind = kind_of(data[:64])
    if kind == "HEIF" and not reads_heic():
        raise UnreadableError(HEIC)
    if kind in GUARDED:
        return False
    if seconds is None or not kind:
        return True
    return _work(data, kind) <= QUICK


def _work(data: bytes, kind: str) -> int:
    """Pixels to be decoded, times the scans of a JPEG."""
    if kind == "JPEG":
        return jpeg.read_segments(data).work
    width, height = check_webp(data).canvas if kind == "WEBP" else _sides(data, kind)
    return width * height


def _sides(data: bytes, kind: str) -> tuple[int, int]:
    """Width and height that the header of a PNG, GIF or BMP states."""
    at, form = {"PNG": (16, ">II"), "GIF": (6, "<HH"), "BMP": (18, "<ii")}[kind]
    if kind == "BMP" and data[14] < 16:
        form = "<HH"
    width, height = struct.unpack_from(form, data[:64].ljust(64, b"\0"), at)
    return abs(width), abs(height)


def decode(data: bytes, allow: Callable[[int], None] = lambda _: None) -> tuple[np.ndarray, bool]:
    """Decode a photo to uint8 (h, w, 3), RGB in sRGB, upright; say whether a part is scrambled.

    `allow` is called with the number of pixels before they are decoded.

    Raises:
        UnreadableError: it is no photo, damaged, or exceeds the limits.
    """
    kind = kind_of(data[:64])
    if not kind:
        raise UnreadableError(UNKNOWN)
    try:
        if kind in ("JPEG", "PNG", "WEBP"):
            allow(MAX_PIXELS)  # their own checks bound their time
            return {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}[kind](data)
        if kind == "HEIF":
            return _heif(data, allow), False
        return _pillow(data, kind, allow), False
    except UnreadableError:
        raise
    except MemoryError:
        raise UnreadableError(COSTLY) from None
    except Exception:  # noqa: BLE001 - a hostile file may raise anything
        raise UnreadableError(DAMAGED) from None


def _jpeg(data: bytes) -> tuple[np.ndarray, bool]:
    header = jpeg.read_segments(data)
    pixels, scrambled = jpeg.decode(header)
    grey = len(header.components) == 1
    pixels = to_srgb(pixels, header.profile, grey=grey)
    return upright(pixels, orientation_of(header.exif)), scrambled


def _png(data: bytes) -> tuple[np.ndarray, bool]:
    checked = check_png(data)
    with _opened(checked.data, "PNG") as image:
        pixels = _rgb(image, checked.profile)
    return upright(pixels, orientation_of(checked.exif)), checked.scrambled


def _webp(data: bytes) -> tuple[np.ndarray, bool]:
    """Decode with OpenCV, which takes a third of the memory that Pillow takes."""
    import cv2

    checked = check_webp(data)
    pixels = cv2.imdecode(np.frombuffer(checked.data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[1::-1] != (checked.width, checked.height):
        raise UnreadableError(DAMAGED)
    pixels = to_srgb(_on_canvas(_from_bgr(pixels), checked), checked.profile)
    return upright(pixels, orientation_of(checked.exif)), False


def _from_bgr(pixels: np.ndarray) -> np.ndarray:
    """RGB of BGR in place, of BGRA over white."""
    import cv2

    if pixels.shape[2] == 3:
        for rows in strips(*pixels.shape[:2]):
            cv2.cvtColor(pixels[rows], cv2.COLOR_BGR2RGB, dst=pixels[rows])
        return pixels
    out = np.empty((*pixels.shape[:2], 3), np.uint8)
    for rows in strips(*pixels.shape[:2]):
        out[rows] = over_white(pixels[rows, :, 2::-1], pixels[rows, :, 3])
    return out


def over_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lay uint8 colours (h, w, 3) with an opacity (h, w) over white."""
    opacity = alpha[:, :, None].astype(np.uint16)
    return ((colours * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)


def _on_canvas(pixels: np.ndarray, checked: WebP) -> np.ndarray:
    width, height = checked.canvas
    if pixels.shape[1::-1] == (width, height):
        return pixels
    canvas = np.full((height, width, 3), 255, np.uint8)
    top, left = checked.top, checked.left
    canvas[top : top + checked.height, left : left + checked.width] = pixels
    return canvas


def _heif(data: bytes, allow: Callable[[int], None]) -> np.ndarray:
    """Decode with pillow-heif alone: Pillow would hold the pixels twice.

    libheif turns the photo as it says itself; its EXIF data has no say (ISO/IEC 23008-12).
    """
    import pillow_heif

    image = pillow_heif.open_heif(data)
    width, height = image.size
    check_size(width, height, _COST["HEIF"])
    allow(width * height)
    samples = np.asarray(image)[:, :width]
    if samples.ndim == 2:
        samples = samples[:, :, None]
    out = np.empty((*samples.shape[:2], 3), np.uint8)
    for rows in strips(*out.shape[:2]):
        colours, alpha = samples[rows, :, :3], samples[rows, :, 3:]
        out[rows] = over_white(colours, alpha[:, :, 0]) if alpha.size else colours
    return to_srgb(out, image.info.get("icc_profile") or b"", grey=samples.shape[2] == 1)


def pixels_of(image: "Image.Image") -> np.ndarray:
    """Convert an image of Pillow's to uint8 (h, w, 3), RGB in sRGB, upright.

    Raises:
        UnreadableError: it is damaged or too large.
    """
    check_size(image.width, image.height)
    try:
        pixels = _rgb(image, image.info.get("icc_profile") or b"")
        orientation = image.getexif().get(0x0112, 1)
    except UnreadableError:
        raise
    except Exception:  # noqa: BLE001 - it may have been opened from a hostile file
        raise UnreadableError(DAMAGED) from None
    return upright(pixels, orientation)


def prepare() -> None:
    """Load what decodes, with one thread each: others take memory of their own."""
    import simplejpeg  # noqa: F401
    from PIL import AvifImagePlugin, ImageCms, TiffImagePlugin  # noqa: F401

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.options.DECODE_THREADS = 1


@contextmanager
def _opened(data: bytes, kind: str) -> "Iterator[Image.Image]":
    from PIL import Image

    with warnings.catch_warnings():
        # Pillow warns of sizes over its own limit, which is higher, and of odd EXIF data.
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            yield image


def _pillow(data: bytes, kind: str, allow: Callable[[int], None]) -> np.ndarray:
    """Decode what has no road of its own with Pillow."""
    tiff = check_tiff(data) if kind == "TIFF" else None
    if kind in ("GIF", "BMP"):
        check_size(*_sides(data, kind), _COST[kind])
    with _opened(data, kind) as image:
        check_size(image.width, image.height, _COST[kind])
        if (
            kind == "BMP"
            and getattr(image, "tile", [("",)])[0][0] == "bmp_rle"
            and len(data) > MAX_RUNS
        ):
            raise UnreadableError(COSTLY)
        allow(image.width * image.height)
        profile = image.info.get("icc_profile") or b""
        pixels = _rgb(
            image,
            profile,
            bits=tiff.bits if tiff else 16,
            inverted=bool(tiff and tiff.inverted),
        )
        # Asked when it is decoded: for some formats Pillow turns the photo itself, and says so.
        orientation = 1 if kind in ("GIF", "BMP") else image.getexif().get(0x0112, 1)
    return upright(pixels, orientation)


def _rgb(
    image: "Image.Image", profile: bytes, *, bits: int = 16, inverted: bool = False
) -> np.ndarray:
    """The pixels of a Pillow image as RGB over white, converted strip by strip."""
    image.load()
    mode = image.mode
    if mode in ("I", "F", "LAB"):
        raise UnreadableError("has samples whose range is unknown; save it with 8 or 16 bits.")
    clear = image.has_transparency_data
    wide = mode.startswith("I;16")
    out = np.empty((image.height, image.width, 4 if mode == "CMYK" else 3), np.uint8)
    for rows in strips(image.height, image.width):
        strip = image.crop((0, rows.start, image.width, rows.stop))
        if wide:
            out[rows] = _eight_bits(np.asarray(strip), bits, inverted=inverted)[:, :, None]
        elif clear:
            layer = np.asarray(strip.convert("RGBA"))
            out[rows] = over_white(layer[:, :, :3], layer[:, :, 3])
        else:
            out[rows] = np.asarray(strip if mode in ("CMYK", "RGB") else strip.convert("RGB"))
    grey = mode in ("1", "L", "LA", "La") or wide
    return to_srgb(out, profile, grey=grey)


def _eight_bits(samples: np.ndarray, bits: int, *, inverted: bool) -> np.ndarray:
    """Scale grey of up to 16 bits to 8; Pillow would clip: both 256 and 65535 become 255."""
    most = (1 << bits) - 1 if 8 < bits < 16 else 65535
    scaled = (np.minimum(samples, most).astype(np.uint32) * 255 + most // 2) // most
    return (255 - scaled if inverted else scaled).astype(np.uint8)
