"""Damaged and hostile films, each given to `facelens video`, for a table or for a copy.

Every try is to end in an answer or a sentence, with nothing of the decoder on stderr, within half a
minute of a processor and a gigabyte. OpenCV makes the films, and a fixed seed damages them.
"""

import logging
import os
import random
import struct
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import EXAMPLE

from attacks._child import Ended, facelens
from attacks.outcome import Outcome

TRIES, QUICK = 400, 8

# What a try may take: seconds of a processor, seconds until it is ended, and megabytes.
SECONDS, PATIENCE, MEGABYTES = 30.0, 120.0, 1000.0

_CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".webm": "VP80", ".avi": "MJPG"}
# What makes parsers stumble: the ends of the ranges of 32 bits.
_NUMBERS = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]

log = logging.getLogger(__name__)


def attack(tries: int, seed: int) -> list[Outcome]:
    """Give `tries` damaged films of each kind in turn, and every hostile one."""
    rng = random.Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="facelens-attack-") as name:
        folder = Path(name)
        # In another process: FFmpeg sets how much it says when a process uses it first.
        script = f"from attacks import films; films.make(films.Path({name!r}))"
        path = os.pathsep.join(filter(None, sys.path))
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": path},
            stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        whole = {ending: (folder / f"whole{ending}").read_bytes() for ending in _CODECS}
        ended: dict[str, list[Ended]] = {}
        for number in range(tries):
            ending = list(_CODECS)[number % len(_CODECS)]
            data = _damaged(whole[ending], rng)
            out = ("table.csv", "copy.avi")[number // len(_CODECS) % 2]
            ended.setdefault(f"damaged {ending}", []).append(_try(folder, ending, data, out))
        outs = ("table.csv", "copy.avi")
        for number, (about, ending, data) in enumerate(_hostile(whole, folder)):
            for out in outs if tries > QUICK else outs[number % 2 :][:1]:
                ended.setdefault(about, []).append(_try(folder, ending, data, out))
    return [_outcome(about, each) for about, each in ended.items()]


def _try(folder: Path, ending: str, data: bytes, out: str) -> Ended:
    """Give one film to the command; what it leaves beside its output is a loss."""
    source, made = folder / f"film{ending}", folder / "made"
    source.write_bytes(data)
    made.mkdir()
    arguments = ["video", source, "--out", made / out, "--detector", "haar"]
    ended = facelens(arguments, folder, limit=PATIENCE)
    left = sorted(path.name for path in made.iterdir())
    for path in made.iterdir():
        path.unlink()
    made.rmdir()
    if left not in ([], [out]):
        return Ended(70, "", f"left {left}", ended.seconds, ended.memory)
    return ended


def _outcome(about: str, ended: list[Ended]) -> Outcome:
    for each in ended:
        if not each.is_honest:
            log.warning("%s: %s %s", about, each.code, each.err[-300:])
    lost = [
        each for each in ended
        if not each.is_honest or each.seconds > SECONDS or each.memory > MEGABYTES
    ]  # fmt: skip
    answered = sum(each.code in (0, 3) for each in ended)
    refused = sum(each.code == 2 for each in ended)
    words = [f"{answered} answered", f"{refused} refused"]
    kinds = {
        "over time": sum(each.code is None or each.seconds > SECONDS for each in ended),
        "crashed": sum((each.code or 0) < 0 or each.code == 70 for each in ended),
        "with the decoder's words on stderr": sum(
            each.code in (0, 2, 3) and not each.is_honest for each in ended
        ),
        f"over {MEGABYTES:,.0f} MB": sum(each.memory > MEGABYTES for each in ended),
    }
    words += [f"{count} {kind}" for kind, count in kinds.items() if count]
    words.append(f"at most {max(each.seconds for each in ended):.1f} s")
    words.append(f"{max(each.memory for each in ended):,.0f} MB")
    return Outcome(about, len(ended), len(lost), ", ".join(words))


# films


def make(folder: Path) -> None:
    """Write a film of each kind."""
    for ending in _CODECS:
        _film(folder / f"whole{ending}")


def _film(path: Path, frames: int = 16, size: int = 120) -> None:
    """Write a film of a face that moves."""
    import cv2

    head = cv2.imread(str(EXAMPLE))[10:250, 100:340]
    head = cv2.resize(head, (size, size), interpolation=cv2.INTER_AREA)
    code = cv2.VideoWriter_fourcc(*_CODECS[path.suffix])
    # So wide that its width takes two bytes everywhere.
    wide, high = size + 144, size + 8
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, 25.0, (wide, high))
    for number in range(frames):
        frame = np.full((high, wide, 3), 100, np.uint8)
        frame[4 : 4 + size, number : number + size] = head
        writer.write(frame)
    writer.release()


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """A film in which something is wrong, mostly where its structure is stated."""
    broken = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        # The structure of these files lies in their first and last two kilobytes.
        at = rng.choice([rng.randrange(2000), len(broken) - rng.randrange(1, 2000)])
        if rng.random() < 0.4:
            at = rng.randrange(len(broken))
        at = max(0, min(at, len(broken) - 1))
        match rng.randrange(7):
            case 0:
                broken[at] ^= 1 << rng.randrange(8)
            case 1:
                broken[at] = rng.randrange(256)
            case 2:
                big = rng.random() < 0.7
                broken[at : at + 4] = struct.pack(">I" if big else "<I", rng.choice(_NUMBERS))
            case 3:
                broken[at : at + rng.choice([1, 8, 100, 900])] = b""
            case 4:
                broken[at:at] = rng.randbytes(rng.choice([1, 8, 100]))
            case 5:
                there = rng.randrange(len(broken))
                length = rng.choice([4, 64, 600])
                broken[at : at + length] = broken[there : there + length]
            case 6:
                del broken[max(200, at) :]
    return bytes(broken)


def _hostile(whole: dict[str, bytes], folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Films whose headers promise what the rest does not hold."""
    mp4, mkv, avi = whole[".mp4"], whole[".mkv"], whole[".avi"]
    million = "a header that promises a million frames"
    for kind, at in ((b"stts", 12), (b"stsz", 12)):
        yield million, ".mp4", _put(mp4, kind, at, struct.pack(">I", 1_000_000))
    many = struct.pack(">II", 1, 1_000_000)  # a million samples of a byte each, without a table
    yield million, ".mp4", _put(mp4, b"stsz", 8, many)
    yield million, ".avi", _put(avi, b"avih", 24, struct.pack("<I", 1_000_000))
    yield million, ".avi", _put(avi, b"strh", 40, struct.pack("<I", 1_000_000))
    yield million, ".mkv", _put(mkv, b"\x44\x89\x88", 3, struct.pack(">d", 4e7))
    size = "an absurd size"
    for wide, high in ((65535, 65535), (16383, 16383), (1, 65535), (0, 0)):
        shape = struct.pack(">HH", wide, high)
        yield size, ".mp4", _put(mp4, b"mp4v", 28, shape)
        yield size, ".avi", _put(avi, b"strf", 12, struct.pack("<ii", wide, high))
        yield size, ".mkv", _put(mkv, b"\xb0\x82", 2, struct.pack(">H", wide))
    shape = struct.pack("<HH", 0x3FFF, 0x3FFF)
    yield size, ".webm", _put(whole[".webm"], b"\x9d\x01\x2a", 3, shape)
    rate = "an absurd frame rate"
    for ticks in (1, 2, 90_000, 0x7FFFFFFF, 0xFFFFFFFF):
        yield rate, ".mp4", _put(mp4, b"mdhd", 16, struct.pack(">I", ticks))
        yield rate, ".avi", _put(avi, b"strh", 28, struct.pack("<I", ticks))
        yield rate, ".mkv", _put(mkv, b"\x2a\xd7\xb1\x83", 4, struct.pack(">I", ticks)[1:])
    lasts = "an absurd duration"
    for delta in (1, 1000 * 3599, 0x7FFFFFFF, 0xFFFFFFFF):
        slow = _put(mp4, b"stts", 20 - 4, struct.pack(">I", delta))
        yield lasts, ".mp4", slow
        yield lasts, ".mp4", _put(slow, b"mdhd", 20, struct.pack(">I", 0xFFFFFFFF))
        yield lasts, ".mp4", _put(mp4, b"elst", 16, struct.pack(">I", delta))
    for scale in (1, 0xFFFFFF):
        yield lasts, ".mkv", _put(mkv, b"\x2a\xd7\xb1\x83", 4, struct.pack(">I", scale)[1:])
    yield lasts, ".mkv", _put(mkv, b"\x44\x89\x88", 3, struct.pack(">d", 1e300))
    leaps = _leaps(mp4)
    yield "a clock that leaps by almost an hour each frame", ".mp4", leaps
    none = "no frame"
    yield none, ".mp4", _put(_put(mp4, b"stsz", 12, bytes(4)), b"stts", 8, bytes(4))
    yield none, ".mkv", mkv[: mkv.index(b"\x1f\x43\xb6\x75")]
    yield none, ".avi", avi[: avi.index(b"movi") + 4]
    yield none, ".mp4", mp4.replace(mp4[mp4.index(b"mdat") + 4 : mp4.index(b"moov") - 4], b"")
    sound = "sound only"
    yield sound, ".mp4", _put(mp4, b"hdlr", 12, b"soun")
    yield sound, ".mkv", _put(mkv, b"\x83\x81\x01", 2, b"\x02")
    yield sound, ".wav", _sound(folder / "sound.wav")


def _put(data: bytes, name: bytes, at: int, value: bytes) -> bytes:
    """Put `value` so far after the first `name`, which is where a box's or an element's body is."""
    start = data.index(name) + at
    return data[:start] + value + data[start + len(value) :]


def _leaps(mp4: bytes) -> bytes:
    """An MP4 of which every frame is shown for 3,599 seconds, as all its headers agree."""
    start = mp4.index(b"stts")
    (frames,) = struct.unpack(">I", mp4[start + 12 : start + 16])
    ticks = mp4.index(b"mdhd") + 16
    data = _put(mp4, b"stts", 16, struct.pack(">I", 3599))
    data = data[:ticks] + struct.pack(">II", 1, 3599 * frames) + data[ticks + 8 :]
    return _put(data, b"elst", 12, struct.pack(">I", min(0xFFFFFFFF, 3_599_000 * frames)))


def _sound(path: Path) -> bytes:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    return path.read_bytes()
