"""What a browser may send to its kernel, checked before Jupyter Server parses it.

Jupyter Server believes what a frame says of itself: eight bytes make it count to 10^18, and nobody
is served meanwhile (docs/upstream.md).
"""

import json
import math
import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any

NEWER = "v1.kernel.websocket.jupyter.org"  # the subprotocol of jupyter_server from 2.0
PROTOCOL, POLICY = 1002, 1008  # the codes of a websocket that is closed (RFC 6455, 7.4.1)

MOST_PARTS = 70  # of a page's message; a photo is the sixth
MOST_PARTS_OF_OWNER = 10_000  # of a widget in somebody's own notebook
LONGEST_JSON = 1 << 18  # bytes of a page's message; a photo travels beside it
DEEPEST_JSON = 100
LONGEST_WORD = 256  # characters of an identifier
LONGEST_INTEGER = 20  # digits; Python needs quadratic time to read one
CONTROL = "jupyter.widget.control"  # the only comm that a page opens: it asks for all widgets
# Matches texts that never end too: a second look at them would take quadratic time.
_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T")
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


class FrameError(ValueError):
    """A frame that no kernel may get; `code` tells the browser why its socket is closed."""

    def __init__(self, why: str, code: int = PROTOCOL) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Frame:
    """A message that was found to be sound: its name, its type, and the bytes it came in."""

    name: str
    kind: str
    size: int


def check(frame: bytes | str, *, newer: bool, kinds: Collection[str] = ()) -> Frame:
    """Check the form of a frame that a browser has sent.

    Args:
        frame: a binary frame or a text frame.
        newer: whether the socket speaks `NEWER`, or Jupyter's older protocol.
        kinds: the types of messages that are let through; empty for a kernel's owner, who may send
            any.

    Raises:
        FrameError: its form is wrong, or its message is none that a page sends.
    """
    channel, message = (_newer if newer else _older)(frame, bool(kinds))
    for part in ("header", "parent_header", "metadata", "content"):
        _expect(isinstance(message.get(part), dict), f"{part} is not an object")
    header, content = message["header"], message["content"]
    for key in ("msg_id", "msg_type", "session"):
        _expect(_is_word(header.get(key)), f"the header's {key} is not a short text")
    for key in ("username", "version", "date"):
        stated = header.get(key)
        fits = stated is None or stated == "" or _is_word(stated)
        _expect(fits, f"the header's {key} is not a short text")
    # A kernel reads every text of these that looks like a date as one.
    _expect(all(map(_has_true_dates, (header, message["parent_header"]))), "a date that is none")
    if kinds:
        kind = header["msg_type"]
        _expect(channel == "shell", "a page writes to no other channel than shell", POLICY)
        _expect(kind in kinds, "messages of this type are not accepted", POLICY)
        if kind in {"comm_open", "comm_msg", "comm_close"}:
            _expect(_is_word(content.get("comm_id")), "comm_id is not a short text")
        if kind == "comm_open":
            _expect(content.get("target_name") == CONTROL, "a page opens no such comm", POLICY)
    _expect(channel in {"shell", "control", "stdin"}, "there is no such channel")
    return Frame(header["msg_id"], header["msg_type"], len(frame))


def _newer(frame: bytes | str, strict: bool) -> tuple[str, dict[str, Any]]:
    """The channel and message of a frame: count, offsets, channel, four JSON parts, buffers."""
    _expect(isinstance(frame, bytes), "text under a binary protocol")
    assert isinstance(frame, bytes)
    parts = _parts(frame, "<Q", 6, strict)
    channel = bytes(parts[0][:LONGEST_WORD]).decode("ascii", "replace")
    names = ("header", "parent_header", "metadata", "content")
    return channel, {
        name: _read(part, strict) for name, part in zip(names, parts[1:5], strict=True)
    }


def _older(frame: bytes | str, strict: bool) -> tuple[str, dict[str, Any]]:
    """The channel and message of a frame: one JSON object, in a binary frame with buffers."""
    if isinstance(frame, bytes):
        message = _read(_parts(frame, "!I", 1, strict)[0], strict)
    else:
        message = _read(frame, strict)
    _expect(isinstance(message, dict), "a message is not an object")
    _expect(message.get("buffers", []) == [], "buffers are text")
    channel = message.get("channel")
    _expect(isinstance(channel, str), "a message without a channel")
    return channel, message


def _parts(frame: bytes, number: str, least: int, strict: bool) -> list[memoryview]:
    """Cut a frame at the offsets at its head, each in the format `number`."""
    size = struct.calcsize(number)
    _expect(len(frame) >= size, "a frame that is too short")
    (count,) = struct.unpack_from(number, frame)
    most = MOST_PARTS if strict else MOST_PARTS_OF_OWNER
    _expect(least <= count <= most, "a frame of too few or too many parts")
    head = size * (count + 1)
    _expect(head <= len(frame), "offsets beyond the frame")
    offsets = list(struct.unpack_from(f"{number[0]}{count}{number[1]}", frame, size))
    if number == "!I":  # the older protocol leaves out the end
        offsets.append(len(frame))
    _expect(offsets[0] == head and offsets[-1] == len(frame), "offsets that do not fit the frame")
    _expect(all(a <= b for a, b in pairwise(offsets)), "offsets in disorder")
    whole = memoryview(frame)
    return [whole[a:b] for a, b in pairwise(offsets)]


def _read(part: memoryview | str, strict: bool) -> Any:
    """Read JSON without NaN, infinities and giant integers; if `strict`, small and shallow JSON."""
    _expect(not strict or len(part) <= LONGEST_JSON, "too much JSON", POLICY)
    try:
        text = part if isinstance(part, str) else bytes(part).decode()
        value = json.loads(text, parse_constant=_no, parse_int=_integer, parse_float=_float)
    except FrameError:
        raise
    except (ValueError, RecursionError):
        raise FrameError("JSON that cannot be read") from None
    _expect(not strict or _is_shallow(text), "JSON that is too deep", POLICY)
    return value


def _is_shallow(text: str) -> bool:
    """Whether brackets are nested at most `DEEPEST_JSON` deep."""
    if text.count("[") + text.count("{") <= DEEPEST_JSON:
        return True
    brackets = _NO_BRACKETS.sub("", _TEXT.sub("", text))
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) <= DEEPEST_JSON


def _no(constant: str) -> Any:
    raise FrameError(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    _expect(len(digits) <= LONGEST_INTEGER, "an integer that is too long")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    _expect(math.isfinite(value), "a number that is too large")
    return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_WORD


def _has_true_dates(value: Any) -> bool:
    """Whether each text within `value` that begins as a date and time does is one (ISO 8601)."""
    if isinstance(value, dict):
        return all(map(_has_true_dates, value.values()))
    if isinstance(value, list):
        return all(map(_has_true_dates, value))
    if not isinstance(value, str) or not _DATE.match(value):
        return True
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _expect(holds: bool, why: str, code: int = PROTOCOL) -> None:
    if not holds:
        raise FrameError(why, code)
