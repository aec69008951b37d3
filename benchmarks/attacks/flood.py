"""Visitors who ask and do not read, and visitors who send and do not wait.

Three sockets say `ready` for the largest views again and again, each time as another view, and read
none of the pictures that are the answer. Then one sends whole photos without waiting for an answer.
The server's memory is read ten times a second. Meanwhile another visitor is answered.
"""

import asyncio
import contextlib
import io
import json
import os
import socket
import struct

from measure import EXAMPLE
from PIL import Image

from attacks._visitor import NEWER, Server, Visitor, Watch, header, pack, run, serving, visitor
from attacks.outcome import Outcome

TRIES, QUICK = 6000, 600  # messages on each socket
SOCKETS = 3
SOON = 3.0  # seconds within which others are served
MOST = 120.0  # MB that a server may hold above what it held before


def attack(tries: int, seed: int) -> list[Outcome]:
    """Send `tries` messages on each of three sockets that do not read."""
    del seed  # nothing is drawn
    return run(_all(tries))


async def _all(tries: int) -> list[Outcome]:
    told = []
    with serving() as server:
        told.append(await _under("three sockets that do not read", server, tries, _deaf))
    with serving() as server:
        told.append(
            await _under("photos sent without waiting", server, max(tries // 20, 20), _eager)
        )
    return told


async def _under(what, server: Server, tries: int, harm) -> Outcome:  # noqa: ANN001
    photo = EXAMPLE.read_bytes()
    async with visitor(server.address) as other:
        right = await other.show(photo)
        before = server.memory()
        peak, asked, answered = before, 0, 0
        async with Watch(server.address) as watch:
            busy = asyncio.create_task(harm(server, tries))
            while not busy.done():
                peak = max(peak, server.memory())
                await asyncio.sleep(0.1)
                if asked * 20 < watch.asked:
                    asked += 1
                    with contextlib.suppress(TimeoutError, ConnectionError):
                        answered += await asyncio.wait_for(other.show(photo), 60) == right
            sent = await busy
        await asyncio.sleep(2)
        after = server.memory()
    lost = (asked - answered) + (peak - before > MOST) + (watch.longest() > SOON)
    return Outcome(
        what, sent, lost,
        f"server {before:.0f} MB before, {peak:.0f} MB at most, {after:.0f} MB after; "
        f"another visitor had {answered} of {asked} answers, "
        f"others waited {watch.longest():.2f} s at most",
    )  # fmt: skip


async def _deaf(server: Server, tries: int) -> int:
    """Have `SOCKETS` sockets ask for everything and read nothing; how many messages they sent."""
    sent = 0
    async with visitor(server.address) as came:
        await came.show(_large())
        came.line.close()
        lines = [await asyncio.to_thread(_connect, came, str(n)) for n in range(SOCKETS)]
        views = [came.views[name] for name in ("picture", "heatmap")]
        for turn in range(tries):
            data = {"method": "custom", "content": {"kind": "ready", "view": str(turn)}}
            for line in [*lines]:
                message = _message(came, {"comm_id": views[turn % len(views)], "data": data})
                try:
                    await asyncio.wait_for(asyncio.to_thread(line.sendall, message), 20)
                    sent += 1
                except OSError:  # it was cut off, or is not listened to
                    lines.remove(line)
            if not lines:
                break
        await _settled(server)  # the kernel answers as fast as it can
        for line in lines:
            line.close()
    return sent


def _large() -> bytes:
    """The example with much noise: a picture that is large however it is encoded."""
    photo = Image.open(EXAMPLE).convert("RGB").resize((3000, 3000))
    noise = Image.effect_noise(photo.size, 120).convert("RGB")
    data = io.BytesIO()
    Image.blend(photo, noise, 0.3).save(data, "JPEG", quality=85)
    return data.getvalue()


async def _settled(server: Server) -> None:
    """Wait until the server's memory has not grown for three seconds, at most a minute."""
    most, calm = 0.0, 0
    for _ in range(60):
        await asyncio.sleep(1)
        calm = calm + 1 if server.memory() < most + 1 else 0
        most = max(most, server.memory())
        if calm == 3:
            return


async def _eager(server: Server, tries: int) -> int:
    """Send photos as fast as the server takes them; how many it took."""
    sent = 0
    async with visitor(server.address) as came:
        came.line.close()
        line = await asyncio.to_thread(_connect, came, "x")
        line.settimeout(20)
        photo = EXAMPLE.read_bytes() + os.urandom(4 << 20)
        data = {"method": "custom", "content": {"kind": "photo", "name": "p.jpg", "turn": 1}}
        for _ in range(tries):
            message = _message(came, {"comm_id": came.views["intake"], "data": data}, photo)
            try:
                await asyncio.to_thread(line.sendall, message)
            except OSError:
                break
            sent += 1
        line.close()
    return sent


def _connect(came: Visitor, name: str) -> socket.socket:
    """A socket that nobody reads, with a small buffer."""
    host, port = came.address.removeprefix("http://").strip("/").split(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(10)
    line.connect((host, int(port)))
    path = came.channels.partition(f"{host}:{port}")[2]
    line.sendall(
        f"GET {path}{name} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {NEWER}\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += line.recv(1)
    if b" 101 " not in answer:
        raise ConnectionError(answer.decode())
    return line


def _message(came: Visitor, content: dict, *buffers: bytes) -> bytes:
    """A message as a masked frame of a websocket, the mask being nought."""
    parts = [header("comm_msg", came.session), {}, {}, content]
    data = pack([b"shell", *(json.dumps(part).encode() for part in parts), *buffers])
    length = (
        struct.pack("!BH", 0x80 | 126, len(data))
        if len(data) < 1 << 16
        else struct.pack("!BQ", 0x80 | 127, len(data))
    )
    return b"\x82" + length + bytes(4) + data
