"""How large and how costly a photo may be, and the sentences that refuse one."""

MAX_BYTES = 25_000_000
# The largest that phones write, 9248 x 6936, has 64.1 million pixels.
MAX_PIXELS = 65_000_000
# OpenCV addresses a picture's rows and columns with 16 bits (SHRT_MAX).
MAX_SIDE = 32_767
# Bytes while a photo is decoded, its pixels included. With what Python, the libraries and the file
# take, the command line stays under 600 MB.
MAX_MEMORY = 450_000_000

DAMAGED = "is damaged or cut short; save or copy it again."
COSTLY = (
    "is built so that reading it takes too much memory or time; save it as an ordinary JPEG and "
    "try again."
)
UNKNOWN = "is not a photo that can be read; use JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF."
HEAVY = f"is larger than {MAX_BYTES // 1_000_000} MB; save it smaller and try again."
SCRAMBLED = "A part of this photo is missing or scrambled; save or copy it again."


class UnreadableError(Exception):
    """Why a photo cannot be read: the sentence without the photo's name, which begins it."""


def check_size(width: int, height: int, bytes_per_pixel: float = 3) -> None:
    """Refuse sides and memory over the limits, before anything is decoded.

    Raises:
        UnreadableError: the picture is empty or too large.
    """
    if width < 1 or height < 1:
        raise UnreadableError(DAMAGED)
    if max(width, height) > MAX_SIDE and width * height <= MAX_PIXELS:
        limit = f"{MAX_SIDE:,} pixels a side"
    elif width * height > MAX_PIXELS:
        limit = f"{MAX_PIXELS // 1_000_000} million pixels"
    elif width * height * bytes_per_pixel > MAX_MEMORY:
        most = int(MAX_MEMORY / bytes_per_pixel / 1e6)
        limit = f"{most} million pixels, the most of its kind,"
    else:
        return
    raise UnreadableError(
        f"has more than {limit} ({width:,} x {height:,}); save it smaller and try again."
    )
