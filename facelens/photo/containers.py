"""Check PNG, WebP and TIFF files before a decoder sees them, and leave out what it does not need.

Each walks through its file's parts, and counts them: what a header promises is known, and within
the limits, before memory is taken for it.
"""

import struct
import zlib
from dataclasses import dataclass

from facelens.photo.colour import MAX_PROFILE
from facelens.photo.limits import COSTLY, DAMAGED, UNKNOWN, UnreadableError, check_size

# Encoders write pieces of 8 kB and more; a PNG of 25 MB has 3,000 of those.
MAX_CHUNKS = 50_000
# The tags of a TIFF, and the bytes that they hold: a camera writes 80.
MAX_TAGS, MAX_TAG_BYTES = 400, 16_000_000
# Bytes a pixel while Pillow decodes: its own pixels, ours and room for the widest sample.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_COST, TIFF_COST = {0: 5.0, 2: 7.0, 3: 5.0, 4: 6.0, 6: 7.0}, 7.0


@dataclass(frozen=True)
class Checked:
    """A file that may be decoded.

    `data`: the file for its decoder. `scrambled`: a check sum says that a part has changed.
    """

    data: bytes
    width: int
    height: int
    profile: bytes = b""
    exif: bytes = b""
    scrambled: bool = False


@dataclass(frozen=True)
class WebP(Checked):
    """`left`, `top`, `canvas`: where an animation's first frame lies in the whole."""

    left: int = 0
    top: int = 0
    canvas: tuple[int, int] = (0, 0)


def check_png(data: bytes) -> Checked:
    """Take a PNG's header, palette and pixels, and its profile and EXIF data apart."""
    parts: dict[bytes, list[bytes]] = {}
    at, scrambled, whole = 8, False, False
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        at += size + 12
        if kind == b"IEND":
            whole = True
            break
        if kind == b"IDAT" or (kind in _PNG_PARTS and kind not in parts):
            parts.setdefault(kind, []).append(body)
            check = data[at - 4 : at]
            sound = len(check) < 4 or zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(check)
            if not sound and kind in (b"IHDR", b"PLTE"):
                raise UnreadableError(DAMAGED)
            scrambled |= not sound
    else:
        raise UnreadableError(COSTLY)
    header = b"".join(parts.get(b"IHDR", []))
    if len(header) != 13 or b"IDAT" not in parts:
        raise UnreadableError(DAMAGED)
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    check_size(width, height, PNG_COST.get(colour, 7.0))
    check_size(width, height, _CHANNELS.get(colour, 4) * depth / 8)
    pieces = [_chunk(kind, b"".join(parts[kind])) for kind in _PNG_DECODED if kind in parts]
    return Checked(
        b"".join([data[:8], *pieces, _chunk(b"IEND", b"")]),
        width,
        height,
        _inflated(b"".join(parts.get(b"iCCP", []))),
        b"".join(parts.get(b"eXIf", [])),
        scrambled and whole,
    )


_PNG_DECODED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
_PNG_PARTS = {*_PNG_DECODED, b"iCCP", b"eXIf"}


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", check)


def _inflated(chunk: bytes) -> bytes:
    """The profile of an iCCP chunk: a name, 0, the method 0, and a deflated profile."""
    _, _, rest = chunk.partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(rest[1:], MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if inflate.eof else b""


def check_webp(data: bytes) -> WebP:
    """Take a WebP's picture, or the first frame of its animation, and its profile and EXIF data."""
    found: dict[bytes, bytes] = {}
    left = top = 0
    for kind, body in _riff(data[12:]):
        if kind == b"ANMF" and b"ANMF" not in found:
            left, top = (2 * int.from_bytes(body[i : i + 3], "little") for i in (0, 3))
            found |= dict(_riff(body[16:]))
        found.setdefault(kind, body)
    codec = next((kind for kind in (b"VP8 ", b"VP8L") if kind in found), b"")
    if not codec:
        raise UnreadableError(DAMAGED)
    body = found[codec]
    if codec == b"VP8 " and len(body) >= 10:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
    elif codec == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        raise UnreadableError(DAMAGED)
    canvas = width, height
    if len(found.get(b"VP8X", b"")) >= 10:
        across, down = (int.from_bytes(found[b"VP8X"][i : i + 3], "little") for i in (4, 7))
        canvas = across + 1, down + 1
    if left + width > canvas[0] or top + height > canvas[1]:
        raise UnreadableError(DAMAGED)
    check_size(*canvas, 7.0)
    pieces = [_riff_chunk(codec, body)]
    if b"ALPH" in found and codec == b"VP8 ":
        sides = (struct.pack("<I", side - 1)[:3] for side in (width, height))
        header = b"".join([b"\x10\0\0\0", *sides])
        pieces[:0] = [_riff_chunk(b"VP8X", header), _riff_chunk(b"ALPH", found[b"ALPH"])]
    inside = b"WEBP" + b"".join(pieces)
    exif = found.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    profile = found.get(b"ICCP", b"")
    file = _riff_chunk(b"RIFF", inside)
    return WebP(file, width, height, profile, exif, False, left, top, canvas)


def _riff(data: bytes) -> list[tuple[bytes, bytes]]:
    """The parts of a RIFF file: their kinds and bodies, the whole ones."""
    parts: list[tuple[bytes, bytes]] = []
    at = 0
    while at + 8 <= len(data) and len(parts) < MAX_CHUNKS:
        kind, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if len(body) == size:
            parts.append((kind, body))
        at += 8 + size + size % 2
    return parts


def _riff_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TIFF_SIZES |= {16: 8, 17: 8, 18: 8}
# None, CCITT, LZW, JPEG, Deflate in both spellings, PackBits.
_TIFF_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
_STRIPS = (273, 324)


@dataclass(frozen=True)
class Tiff(Checked):
    """`bits` a sample; `inverted`: 0 is white."""

    bits: int = 8
    inverted: bool = False


def check_tiff(data: bytes) -> Tiff:
    """Read the tags of a TIFF's first picture."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        tags = _tags(data, order)
        width, height = (_value(data, order, tags, tag, 0) for tag in (256, 257))
        compression, photometric, bits = (
            _value(data, order, tags, tag, usual) for tag, usual in ((259, 1), (262, 1), (258, 1))
        )
    except (struct.error, KeyError):
        raise UnreadableError(DAMAGED) from None
    if compression not in _TIFF_COMPRESSIONS:
        raise UnreadableError(UNKNOWN)
    samples = tags.get(258, (0, 1, 0))[1]
    check_size(width, height, TIFF_COST + max(0, samples * bits / 8 - 4))
    _check_strips(data, order, tags, width, height)
    return Tiff(data, width, height, bits=bits, inverted=photometric == 0)


def _tags(data: bytes, order: str) -> dict[int, tuple[int, int, int]]:
    """Type, count and position of each tag's values."""
    big = 43 in data[2:4]
    count_as, entry_as, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + count_as, data, start)
    if count > MAX_TAGS:
        raise UnreadableError(COSTLY)
    start += struct.calcsize(count_as)
    step, tags, held = struct.calcsize("=" + entry_as) + inline, {}, 0
    for index in range(count):
        at = start + step * index
        tag, kind, number = struct.unpack_from(order + entry_as, data, at)
        value_at = at + step - inline
        size = _TIFF_SIZES.get(kind, 1) * number
        held += size
        if held > MAX_TAG_BYTES:
            raise UnreadableError(COSTLY)
        if size > inline:
            (value_at,) = struct.unpack_from(order + ("Q" if big else "I"), data, value_at)
        tags[tag] = kind, number, value_at
    return tags


def _value(
    data: bytes, order: str, tags: dict[int, tuple[int, int, int]], tag: int, usual: int
) -> int:
    if tag not in tags:
        return usual
    kind, _, at = tags[tag]
    (value,) = struct.unpack_from(order + {1: "B", 3: "H", 4: "I", 16: "Q"}[kind], data, at)
    return int(value)


def _check_strips(
    data: bytes, order: str, tags: dict[int, tuple[int, int, int]], width: int, height: int
) -> None:
    """Refuse more strips or tiles than a picture of this size has use for, and vast tiles."""
    for tag in _STRIPS:
        if tags.get(tag, (0, 0, 0))[1] > 8 * height + width * height // 64:
            raise UnreadableError(COSTLY)
    try:
        sides = [_value(data, order, tags, tag, 0) for tag in (322, 323)]
    except (struct.error, KeyError):
        raise UnreadableError(DAMAGED) from None
    if sides[0] * sides[1] > 4 * max(width * height, 1 << 20):
        raise UnreadableError(COSTLY)
