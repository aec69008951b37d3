"""Decode a JPEG with libjpeg-turbo, from segments that were counted and checked before.

The decoder sees a file that was put together anew: what describes the picture, and its scans.
Comments, thumbnails, further pictures and films behind it are left out, and cost nothing.
"""

import re
import struct
from dataclasses import dataclass, field

import numpy as np

from facelens.photo.limits import COSTLY, DAMAGED, UNKNOWN, UnreadableError, check_size
from facelens.photo.torn import is_torn

# A file of 25 MB in full segments has 381. Encoders write up to 20 scans.
MAX_SEGMENTS = 4000
MAX_SCANS = 64
# Pixels times scans: about two seconds, and ten scans of the largest photo.
MAX_WORK = 800_000_000

_MARKER = re.compile(rb"\xff+([^\xff])")
# Within a scan a byte of 255 is followed by 0, and restart markers belong to it.
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_SOI, _EOI, _SOS, _DRI, _APP0, _APP14 = 0xD8, 0xD9, 0xDA, 0xDD, 0xE0, 0xEE
_KEPT = {0xC4, 0xCC, 0xDB, _DRI}  # Huffman and arithmetic tables, quantisation, restarts
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_PADDED = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")


@dataclass
class Jpeg:
    """What a JPEG says of itself.

    `parts`: the file for the decoder, in pieces. `complete`: its end marker is there.
    """

    width: int = 0
    height: int = 0
    components: tuple[tuple[int, int], ...] = ()  # sampling factors, horizontal and vertical
    progressive: bool = False
    scans: int = 0
    complete: bool = False
    exif: bytes = b""
    icc: dict[int, bytes] = field(default_factory=dict)
    parts: list[bytes] = field(default_factory=lambda: [b"\xff\xd8"])

    @property
    def profile(self) -> bytes:
        """The ICC profile, from its numbered pieces."""
        return b"".join(self.icc[number] for number in sorted(self.icc))

    @property
    def work(self) -> int:
        return self.width * self.height * max(1, self.scans)


def read_segments(data: bytes) -> Jpeg:
    """Walk through a JPEG's segments up to the end of its first picture.

    Raises:
        UnreadableError: it is damaged, too large, or has more segments or scans than a photo has.
    """
    jpeg, at = Jpeg(), 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if not found:
            break
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            jpeg.complete = True
            break
        if marker in (0, 1) or 0xD0 <= marker <= _SOI:  # stray bytes between segments
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + length]
        if length < 2 or len(body) < length - 2:
            break
        at += length
        if marker == _SOS:
            at = _take_scan(jpeg, data, body, at)
        else:
            _take(jpeg, marker, body)
    else:
        raise UnreadableError(COSTLY)
    if not jpeg.components or not jpeg.scans:
        raise UnreadableError(DAMAGED)
    jpeg.parts.append(b"\xff\xd9")
    _check(jpeg)
    return jpeg


def _take(jpeg: Jpeg, marker: int, body: bytes) -> None:
    if marker in _FRAMES:
        _take_frame(jpeg, marker, body)
    elif marker in _KEPT:
        jpeg.parts.append(_segment(marker, body))
    elif marker == _APP0 and body[:5] == b"JFIF\0":
        jpeg.parts.append(_JFIF)
    elif marker == _APP14 and body[:5] == b"Adobe":
        jpeg.parts.append(_segment(marker, body))
    elif marker == 0xE1 and body[:6] == b"Exif\0\0" and not jpeg.exif:
        jpeg.exif = body[6:]
    elif marker == 0xE2 and body[:12] == b"ICC_PROFILE\0" and len(body) > 14:
        jpeg.icc.setdefault(body[12], body[14:])


def _take_frame(jpeg: Jpeg, marker: int, body: bytes) -> None:
    if jpeg.components or len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise UnreadableError(DAMAGED)
    precision, jpeg.height, jpeg.width, count = struct.unpack(">BHHB", body[:6])
    if precision != 8:
        raise UnreadableError(UNKNOWN)
    jpeg.components = tuple(divmod(body[7 + 3 * index], 16) for index in range(count))
    jpeg.progressive = marker in _PROGRESSIVE
    if not all(1 <= factor <= 4 for sides in jpeg.components for factor in sides):
        raise UnreadableError(DAMAGED)
    jpeg.parts.append(_segment(marker, body))
    check_size(jpeg.width, jpeg.height)


def _take_scan(jpeg: Jpeg, data: bytes, head: bytes, start: int) -> int:
    """Take a scan and say where it ends."""
    jpeg.scans += 1
    if jpeg.scans > MAX_SCANS or jpeg.work > MAX_WORK:
        raise UnreadableError(COSTLY)
    if not jpeg.progressive and len(head) > 3:
        # Some cameras leave these to chance; they mean something only to a progressive JPEG.
        head = head[:-3] + b"\0\x3f\0"
    found = _SCAN_END.search(data, start)
    end = found.start() if found else len(data)
    jpeg.parts += [_segment(_SOS, head), data[start:end]]
    return end


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _check(jpeg: Jpeg) -> None:
    """Refuse what would take too much memory; several scans are gathered as coefficients."""
    channels = 7.0 if len(jpeg.components) == 4 else 3.0
    if jpeg.progressive or jpeg.scans > 1:
        widest = max(across for across, _ in jpeg.components)
        tallest = max(down for _, down in jpeg.components)
        # Two bytes a coefficient, in whole blocks of 8 x 8.
        channels += sum(2 * a * d for a, d in jpeg.components) / (widest * tallest)
    check_size(jpeg.width, jpeg.height, channels)


def decode(jpeg: Jpeg) -> tuple[np.ndarray, bool]:
    """Decode to uint8 (h, w, 3) in RGB, or (h, w, 4) in CMYK, and say whether a part is scrambled.

    Raises:
        UnreadableError: it cannot be decoded, or ends before its picture does.
    """
    from simplejpeg import decode_jpeg

    data = b"".join(jpeg.parts)
    space = "CMYK" if len(jpeg.components) == 4 else "RGB"
    try:
        pixels = _positive(decode_jpeg(data, space))
    except ValueError as error:
        warning = str(error)
    else:
        return pixels, _is_torn(jpeg, pixels)
    if not jpeg.complete:
        raise UnreadableError(DAMAGED)
    try:
        sound = _without_padding(data, warning)
        if sound:
            return _positive(decode_jpeg(sound, space)), False
    except ValueError:
        pass
    try:
        return _positive(decode_jpeg(data, space, strict=False)), True
    except ValueError:
        raise UnreadableError(DAMAGED) from None


def _is_torn(jpeg: Jpeg, pixels: np.ndarray) -> bool:
    """Whether a picture of one scan is scrambled although nothing was warned of."""
    if jpeg.progressive or jpeg.scans > 1 or pixels.shape[2] != 3:
        return False
    if len(jpeg.components) == 1:
        return is_torn(pixels, 8, 8)
    sides = (8 * max(factors) for factors in zip(*jpeg.components, strict=True))
    return is_torn(pixels, *sides)


def _without_padding(data: bytes, warning: str) -> bytes:
    """The file without the equal bytes that some cameras write behind the picture, or nothing."""
    padded = _PADDED.fullmatch(warning)
    if not padded:
        return b""
    end = len(data) - 2
    start = end - int(padded[1])
    return data[:start] + data[end:] if len(set(data[start:end])) == 1 else b""


def _positive(pixels: np.ndarray) -> np.ndarray:
    """Undo that Adobe, and everybody since, stores CMYK inverted."""
    return np.subtract(255, pixels, out=pixels) if pixels.shape[2] == 4 else pixels
