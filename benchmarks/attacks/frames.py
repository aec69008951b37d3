"""Malformed websocket frames to a hosted and a local server, while others ask it for something.

Frames are made from sound messages of the page, in both of Jupyter's protocols, as text and as
bytes: cut, with other counts and offsets, with JSON that is deep, huge, of other types or
none, with other channels and types of messages (code that writes a file, too), and noise. After
each the socket has to be closed or the kernel has to answer, the server must log no traceback, and
nobody else may wait for a second.
"""

import asyncio
import contextlib
import json
import random
import struct
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClosedError, websocket_connect

from attacks._visitor import (
    KERNEL,
    NEWER,
    Server,
    Visitor,
    Watch,
    get,
    header,
    pack,
    run,
    serving,
)
from attacks.outcome import Outcome

TRIES, QUICK = 4000, 160
SOON = 1.0  # seconds within which others are served
STUCK = 15  # seconds without an answer after which a server counts as stopped
Frame = bytes | str

NUMBERS = (0, 1, 2, 5, 6, 7, 8, 64, 255, 1 << 16, 1 << 31, 1 << 32, (1 << 63) - 1, (1 << 64) - 1)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**18, 10**400, 1e308, "", "x" * 5000, "\x00", "\ud800", [], {}, [[]],
    {"a": {"b": {}}}, "2026-13-45T99:99:99Z",
)  # fmt: skip
JSONS = (
    b"", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"[" * 500 + b"]" * 500, b"NaN", b"1e999",
    b"\xff\xfe", b"1" * 100_000, b'"\\ud800"', b'{"a":1,"a":2}', b"null", b"[]", b"0", b'"' * 1000,
    b" " * 300_000, b"[" + b"[]," * 100_000 + b"[]]",
)  # fmt: skip
KINDS = (
    "execute_request", "complete_request", "inspect_request", "history_request", "input_reply",
    "shutdown_request", "interrupt_request", "debug_request", "create_subshell_request",
    "comm_close", "comm_open", "status", "", "comm_msg\nfake line of a log",
)  # fmt: skip


def attack(tries: int, seed: int) -> list[Outcome]:
    """Send `tries` frames, half of them to each kind of server."""
    return [run(_many(tries // 2, seed, hosted=hosted)) for hosted in (True, False)]


async def _many(tries: int, seed: int, *, hosted: bool) -> Outcome:
    random_ = random.Random(seed)  # noqa: S311 - seeded
    counts: Counter[str] = Counter()
    slowest, asked, tracebacks, stops, sent = 0.0, 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as place:
        proof = Path(place) / "code-has-run"
        while sent < tries and stops < 3:
            with serving(hosted=hosted) as server:
                watch = Watch(server.address)
                async with watch:
                    stopped = False
                    while sent < tries and not stopped:
                        count = min(200, tries - sent)
                        done, stopped = await _to_one_kernel(
                            server, random_, count, proof, counts, first=not sent
                        )
                        sent += done
                    stops += stopped
                slowest = max(slowest, watch.longest())
                asked += watch.asked
                tracebacks += server.tracebacks()
        ran = proof.exists()
    what = "a hosted server" if hosted else "a local server"
    lost = counts["no answer"] + stops + ran + tracebacks
    told = [
        f"{counts['refused']} refused, {counts['answered']} sound after all and answered",
        f"others waited {slowest:.2f} s at most" if not stops else f"others waited over {STUCK} s",
        f"{tracebacks} tracebacks in the log",
    ]
    if stops:
        told.insert(0, f"stopped for everybody {stops} times by {sent} frames")
    if ran:
        told.append("code was run")
    if not stops and slowest > SOON:
        lost += 1
    return Outcome(f"malformed frames to {what}", sent, lost, ", ".join(told))


@dataclass
class Attacker(Visitor):
    """A visitor with a socket for each protocol."""

    lines: dict[bool, Any] = field(default_factory=dict)


async def _to_one_kernel(
    server: Server, random_: random.Random, count: int, proof: Path, counts: Counter[str], *,
    first: bool,
) -> tuple[int, bool]:  # fmt: skip
    """Send `count` frames to one kernel; how many were sent, and whether the server stopped."""
    try:
        _, text = await asyncio.wait_for(get(server.address), STUCK)
        visitor = Attacker(server.address, KERNEL.search(text)[1])
        await asyncio.wait_for(visitor.connect(), STUCK)
        visitor.line.close()  # a kernel has few sockets
    except (TimeoutError, ConnectionError):
        return 0, True
    try:
        for turn in range(count):
            newer = random_.random() < 0.5
            frame = b"\xff" * 8 if first and not turn else _frame(random_, newer, proof)
            newer = newer or (first and not turn)
            try:
                ended = await asyncio.wait_for(_send(visitor, frame, newer=newer), STUCK)
            except TimeoutError:
                return turn + 1, True
            counts[ended] += 1
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(visitor.leave(), STUCK)
    return count, False


async def _send(visitor: "Attacker", frame: Frame, *, newer: bool) -> str:
    """Send one frame on a socket of its own protocol; what became of it."""
    if (line := visitor.lines.get(newer)) is None:
        line = await websocket_connect(
            visitor.channels.replace(visitor.session, f"{visitor.session}{int(newer)}"),
            subprotocols=[NEWER] if newer else None, max_message_size=100 << 20,
        )  # fmt: skip
        visitor.lines[newer] = line
    asked = header("kernel_info_request", visitor.session)
    parts = [asked, {}, {}, {}]
    names = ("header", "parent_header", "metadata", "content")
    sound = (
        pack([b"shell", *(json.dumps(part).encode() for part in parts)])
        if newer
        else json.dumps(dict(zip(names, parts, strict=True)) | {"channel": "shell"})
    )
    with contextlib.suppress(WebSocketClosedError):
        await line.write_message(frame, binary=isinstance(frame, bytes))
        await line.write_message(sound, binary=isinstance(sound, bytes))
    until = time.monotonic() + 10
    while (left := until - time.monotonic()) > 0:
        try:
            said = await asyncio.wait_for(line.read_message(), left)
        except TimeoutError:
            break
        if said is None:
            del visitor.lines[newer]
            return "refused"
        data = said if isinstance(said, bytes) else said.encode()
        if b"kernel_info_reply" in data and asked["msg_id"].encode() in data:
            return "answered"
    line.close()
    del visitor.lines[newer]
    return "no answer"


def _frame(random_: random.Random, newer: bool, proof: Path) -> Frame:
    """One malformed frame for a socket of a protocol."""
    way = random_.randrange(8)
    if way == 0:
        return random_.randbytes(random_.choice((0, 1, 7, 8, 9, 40, 400, 40_000)))
    if way == 1 and newer:  # text where bytes are due
        return json.dumps(random_.choice(VALUES))
    raw = [json.dumps(part).encode() for part in _message(random_, proof)]
    if way in {2, 3}:
        raw[random_.randrange(4)] = random_.choice(JSONS)
    channel = random_.choice((b"shell",) * 6 + (b"control", b"iopub", b"stdin", b"", b"\xff" * 300))
    sizes = random_.choices((0, 10, 100_000), k=random_.choice((0,) * 6 + (1, 1, 80)))
    buffers = [b"x" * size for size in sizes]
    if newer:
        return _spoilt(random_, pack([channel, *raw, *buffers]), way, 8)
    names = (b"header", b"parent_header", b"metadata", b"content")
    pairs = [b'"%s":%s' % pair for pair in zip(names, raw, strict=True) if random_.random() > 0.02]
    said = b'{%s,"channel":"%s"}' % (b",".join(pairs), channel)
    if way in {1, 4} or (not buffers and random_.random() < 0.5):
        return said.decode(errors="replace")
    blocks = [said, *buffers]
    offsets = accumulate(map(len, blocks[:-1]), initial=4 * (len(blocks) + 1))
    head = struct.pack(f"!{len(blocks) + 1}I", len(blocks), *offsets)
    return _spoilt(random_, head + b"".join(blocks), way, 4)


def _spoilt(random_: random.Random, frame: bytes, way: int, size: int) -> bytes:
    """A frame with another count or offset, each of `size` bytes, cut, or with other bytes."""
    if way in {4, 5}:
        at = size * random_.choice((0, 0, 1, 2, 3, 4, 5, 6))
        number = random_.choice(NUMBERS) & ((1 << 8 * size) - 1)
        order: Any = "little" if size == 8 else "big"
        return frame[:at] + number.to_bytes(size, order) + frame[at + size :]
    if way == 6:
        return frame[: random_.randrange(len(frame))]
    changed = bytearray(frame)
    for _ in range(random_.randint(1, 8) if way == 7 else 0):
        changed[random_.randrange(min(len(changed), 600))] = random_.randrange(256)
    return bytes(changed)


def _message(random_: random.Random, proof: Path) -> list[Any]:
    """Header, parent header, metadata and content of a message, mostly with something odd."""
    kind = random_.choice(("comm_msg", "comm_info_request", *KINDS))
    head = header(kind, random_.choice(("s",) * 9 + ("x" * 300,)))
    content: dict[str, Any] = {"comm_id": "none", "data": {"method": "custom", "content": {}}}
    if kind == "execute_request":
        content = {
            "code": f"open({str(proof)!r}, 'w').close()", "silent": False, "store_history": False,
            "user_expressions": {}, "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
    parts: list[Any] = [head, {}, {}, content]
    for _ in range(random_.randrange(3)):
        part = random_.choice(parts)
        key = random_.choice([*part, "extra"]) if isinstance(part, dict) and part else "extra"
        if random_.random() < 0.2:
            part.pop(key, None)
        elif kind != "execute_request" or part is not content:
            part[key] = random_.choice(VALUES)
    if random_.random() < 0.1:
        parts[random_.randrange(4)] = random_.choice(VALUES)
    return parts
